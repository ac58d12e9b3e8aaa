namespace Embodied.Interactive.Session;

/// <summary>A variable that a cell declared.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its declared type, as C# writes it.</param>
/// <param name="Value">What it holds now.</param>
public sealed record SessionVariable(string Name, string Type, object? Value);
