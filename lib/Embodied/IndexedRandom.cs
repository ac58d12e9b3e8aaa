namespace Embodied;

/// <summary>
/// SplitMix64 (Steele, Lea &amp; Flood 2014): the own numbers of a scene, a map or whatever else is counted, which depend on the seed and its index alone,
/// whatever is drawn before it or beside it.
/// </summary>
internal struct IndexedRandom(ulong seed, ulong index)
{
    private ulong state = Mix(unchecked(seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019)) ^ Mix(unchecked(index + 0xD1B54A32D192ED03));

    /// <summary>From 0 to 1.</summary>
    public double Next() => (Step() >> 11) * (1.0 / (1ul << 53));

    /// <summary>From 0 to <paramref name="end"/> − 1.</summary>
    public int Next(int end) => (int)(Next() * end);

    /// <summary>Uniform.</summary>
    public double Between(double low, double high) => low + (high - low) * Next();

    private ulong Step() => Mix(state = unchecked(state + 0x9E3779B97F4A7C15));

    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
