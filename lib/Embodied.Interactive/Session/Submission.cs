using Microsoft.CodeAnalysis.CSharp;

namespace Embodied.Interactive.Session;

/// <summary>A compiled cell, ready to run.</summary>
/// <param name="Compilation">What later cells build on.</param>
/// <param name="Run">Runs it: takes the objects that hold the earlier cells' variables, leaves its own among them, and gives the last expression's value.</param>
/// <param name="HasValue">Whether the cell ends in an expression that has a value.</param>
internal sealed record Submission(CSharpCompilation Compilation, Func<object?[], Task<object?>> Run, bool HasValue);
