namespace Embodied.Interactive.Editing;

/// <summary>Something that could be typed at a place.</summary>
/// <param name="Text">What to insert.</param>
/// <param name="Kind">What it is: <c>method</c>, <c>property</c>, <c>field</c>, <c>local</c>, <c>class</c>, <c>namespace</c>, <c>keyword</c>, <c>path</c>, ….</param>
/// <param name="Signature">Its parameters or type; empty when there is nothing to say.</param>
public sealed record Completion(string Text, string Kind, string Signature);

/// <summary>What could be typed at a place.</summary>
/// <param name="Start">Where the text begins that a completion replaces, in UTF-16 units.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Items">In the order in which to offer them.</param>
public sealed record CompletionList(int Start, int End, IReadOnlyList<Completion> Items);
