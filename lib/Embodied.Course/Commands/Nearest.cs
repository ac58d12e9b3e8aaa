namespace Embodied.Course.Commands;

/// <summary>Guesses what was meant by a mistyped word.</summary>
public static class Nearest
{
    /// <summary>The candidate that is fewest edits away from <paramref name="word"/>; null when none is near.</summary>
    public static string? To(string word, IEnumerable<string> candidates)
    {
        int most = Math.Max(1, (word.Length + 1) / 3);
        return candidates
            .Select(candidate => (candidate, distance: Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(pair => pair.distance <= most || pair.candidate.Contains(word, StringComparison.OrdinalIgnoreCase))
            .OrderBy(pair => pair.distance)
            .Select(pair => pair.candidate)
            .FirstOrDefault();
    }

    /// <summary>The suggestion as the end of a sentence, or nothing.</summary>
    public static string Suggestion(string word, IEnumerable<string> candidates) =>
        To(word, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : ".";

    // Damerau-Levenshtein with adjacent swaps: insertions, deletions, substitutions and swapped neighbours cost one each.
    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }
                int change = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }
        return d[a.Length, b.Length];
    }
}
