namespace Embodied.Course.Grading;

/// <summary>What code in a <see cref="Sandbox"/> may use. The defaults are for notebooks that train small networks with TorchSharp.</summary>
public sealed record SandboxLimits
{
    /// <summary>Resident memory of the worker and everything it started, in MB; the scratch folders come on top.</summary>
    public int Memory { get; init; } = 2048;

    /// <summary>How many processes the worker and what it started may be.</summary>
    public int Processes { get; init; } = 16;

    /// <summary>How many threads they may have in all. The runtime, torch and its kin need some dozens, more on a machine with many cores.</summary>
    public int Threads { get; init; } = 128 + 8 * Environment.ProcessorCount;

    /// <summary>How many bytes the working directory may hold, and as many the folder for temporary files.</summary>
    public long Scratch { get; init; } = 128L << 20;

    /// <summary>The largest file that can be written, in bytes.</summary>
    public long FileSize { get; init; } = 64L << 20;

    /// <summary>The longest message, an output of a cell for instance, in bytes.</summary>
    public int MessageSize { get; init; } = 8 << 20;

    /// <summary>How much the worker may send and write in all, in bytes.</summary>
    public long OutputLimit { get; init; } = 64L << 20;
}
