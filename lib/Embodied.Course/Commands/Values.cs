using System.CommandLine;
using System.Globalization;

namespace Embodied.Course.Commands;

/// <summary>Options whose wrong values are answered by one sentence.</summary>
internal static class Values
{
    /// <summary>A whole number between <paramref name="least"/> and <paramref name="most"/>.</summary>
    public static Option<int?> WholeNumber(string name, string unit, int least, int most, string description) => new(name)
    {
        Description = description,
        HelpName = unit,
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
            {
                return number;
            }
            result.AddError(FormattableString.Invariant($"Option '{name}' wants a whole number from {least} to {most}, not '{text}'."));
            return null;
        },
    };

    /// <summary>One of a few words.</summary>
    public static Option<string?> OneOf(string name, string[] words, string description) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            if (words.Contains(text, StringComparer.OrdinalIgnoreCase))
            {
                return text.ToLowerInvariant();
            }
            result.AddError($"Option '{name}' wants {string.Join(" or ", words.Select(word => $"'{word}'"))}, not '{text}'.");
            return null;
        },
    };

    /// <summary>A path, which may not be empty.</summary>
    public static Option<string?> FilePath(string name, string kind, string description) => new(name)
    {
        Description = description,
        HelpName = kind,
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            if (text.Length > 0 && !text.Contains('\0'))
            {
                return text;
            }
            result.AddError($"Option '{name}' wants a path, not an empty one.");
            return null;
        },
    };
}
