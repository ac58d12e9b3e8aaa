namespace Embodied.Interactive.Display;

/// <summary>Something that was displayed and can be given a new state in its place.</summary>
public sealed class DisplayedValue
{
    private readonly DisplayTarget target;
    private readonly string id;
    private readonly string[] mimeTypes;

    private DisplayedValue(DisplayTarget target, string id, string[] mimeTypes) => (this.target, this.id, this.mimeTypes) = (target, id, mimeTypes);

    /// <summary>Displays <paramref name="value"/> in the running cell.</summary>
    /// <param name="value">What to display.</param>
    /// <param name="mimeTypes">The representations wanted; none: those that its type prefers.</param>
    public static DisplayedValue Show(object? value, params string[] mimeTypes)
    {
        DisplayedValue shown = new(DisplayTarget.Current, Guid.NewGuid().ToString("N"), mimeTypes);
        shown.target.Publish(value, new DisplayData(Formatters.Bundle(value, mimeTypes), shown.id));
        return shown;
    }

    /// <summary>Displays <paramref name="value"/> in place of what was displayed.</summary>
    public void Update(object? value) => target.Publish(value, new DisplayData(Formatters.Bundle(value, mimeTypes), id, IsUpdate: true));
}
