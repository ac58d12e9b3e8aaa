using System.Collections.Immutable;
using Embodied.Interactive.Packages;
using Embodied.Interactive.Session;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Embodied.Interactive.Grading;

/// <summary>
/// Finds the calls that an exercise forbids because they would give its answer away. The compiler says what a name means, so
/// aliases, delegates and operators are seen through, and comments and texts are not mistaken for calls. No cell is executed.
/// </summary>
public sealed class ForbiddenCalls
{
    private readonly ForbiddenCallsOptions options;
    private readonly string folder;
    private readonly ForbiddenSymbols forbidden;
    private readonly HashSet<string> references;
    private readonly HashSet<string> files;
    private readonly HashSet<string> packages;
    private readonly CSharpCompilation libraries; // Held, for what the compiler knows of the libraries lives as long as this.

    /// <summary>Finds the forbidden symbols in what <paramref name="setup"/> loads.</summary>
    /// <param name="symbols">
    /// Full names, dots between: a type's own member with all its overloads (<c>Embodied.EnergyBased.Rbm.FreeEnergy</c>, constructors
    /// as <c>Rbm.ctor</c> or <c>Rbm..ctor</c>, indexers as <c>Item</c> or <c>this</c>, operators as <c>op_Addition</c>), a type and
    /// all it has, a type's members without itself (<c>TorchSharp.torch.nn.functional.*</c>), or a namespace.
    /// </param>
    /// <param name="setup">The instructor's setup cell, whose <c>#r</c> and <c>#load</c> are all that a student may load.</param>
    /// <param name="options">How cells are checked; null for the defaults.</param>
    /// <exception cref="ForbiddenSymbolException">A symbol is not there, or the setup cell does not compile.</exception>
    public ForbiddenCalls(IEnumerable<string> symbols, string setup, ForbiddenCallsOptions? options = null)
    {
        this.options = options ?? new ForbiddenCallsOptions();
        folder = Path.GetFullPath(this.options.WorkingDirectory);
        (IReadOnlyList<PackageRequest> requests, string plain) = Packages(setup);
        (libraries, _, ImmutableArray<Diagnostic> errors) = Chain().Assume(plain, "setup", CancellationToken.None);
        if (!errors.IsEmpty)
        {
            throw new ForbiddenSymbolException($"The setup cell of the exercise does not compile: {errors[0].GetMessage(System.Globalization.CultureInfo.InvariantCulture)}");
        }
        forbidden = new ForbiddenSymbols(symbols, libraries);
        references = [.. libraries.DirectiveReferences.OfType<PortableExecutableReference>().Select(reference => reference.FilePath).OfType<string>()];
        files = [.. libraries.SyntaxTrees.Where(tree => tree.FilePath != "setup").Select(tree => Path.GetFullPath(tree.FilePath, folder))];
        packages = [.. requests.Select(request => request.Id.ToUpperInvariant())];
    }

    /// <summary>Checks a notebook's cells.</summary>
    /// <param name="cells">Its cells of code in order, the one that loads the libraries first.</param>
    /// <param name="cancellation">Stops the check.</param>
    /// <returns>What is not allowed, in the order of the cells. A cell with errors is checked as far as it can be understood.</returns>
    public IReadOnlyList<ForbiddenCall> Check(IEnumerable<GradedCell> cells, CancellationToken cancellation = default)
    {
        SubmissionChain chain = Chain();
        List<ForbiddenCall> found = [];
        foreach (GradedCell cell in cells)
        {
            cancellation.ThrowIfCancellationRequested();
            (_, string plain) = Packages(cell.Source);
            (CSharpCompilation compilation, SyntaxTree tree, _) = chain.Assume(plain, cell.Name, cancellation);
            if (cell.IsGiven)
            {
                continue;
            }
            CellFindings findings = new(cell.Name);
            CompilationUnitSyntax root = tree.GetCompilationUnitRoot(cancellation);
            VisitDirectives(cell.Source, root, compilation, findings);
            new ForbiddenCallFinder(compilation.GetSemanticModel(tree), forbidden, options.AllowReflection, findings).Visit(root);
            found.AddRange(findings.InOrder());
        }
        return found;
    }

    private SubmissionChain Chain()
    {
        SubmissionChain chain = new(folder);
        chain.Reference(new PackageFiles(options.PackageAssemblies, []));
        return chain;
    }

    private void VisitDirectives(string source, CompilationUnitSyntax root, CSharpCompilation compilation, CellFindings findings)
    {
        foreach (ReferenceDirectiveTriviaSyntax directive in root.GetReferenceDirectives())
        {
            if (IsPackage(directive))
            {
                continue; // Malformed, and reported below with the others.
            }
            if (compilation.GetDirectiveReference(directive) is not PortableExecutableReference { FilePath: { } path } || !references.Contains(path))
            {
                findings.AddReference("#r", directive.File.ValueText, directive);
            }
        }
        foreach (LoadDirectiveTriviaSyntax directive in root.GetLoadDirectives())
        {
            if (!files.Contains(Path.GetFullPath(directive.File.ValueText, folder)))
            {
                findings.AddReference("#load", directive.File.ValueText, directive);
            }
        }
        if (!source.Contains("nuget:", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }
        // The engine restores these, and takes them out before the compiler comes.
        foreach (ReferenceDirectiveTriviaSyntax directive in CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(kind: SourceCodeKind.Script)).GetCompilationUnitRoot().GetReferenceDirectives())
        {
            string written = directive.File.ValueText.Trim();
            if (IsPackage(directive) && !packages.Contains(written[6..].Split(',')[0].Trim().ToUpperInvariant()))
            {
                findings.AddReference("#r", written, directive);
            }
        }
    }

    private static bool IsPackage(ReferenceDirectiveTriviaSyntax directive) =>
        directive.File.ValueText.Trim().StartsWith("nuget:", StringComparison.OrdinalIgnoreCase);

    private static (IReadOnlyList<PackageRequest> Requests, string Code) Packages(string source)
    {
        try
        {
            return PackageRequest.Take(source);
        }
        catch (PackageException)
        {
            return ([], source);
        }
    }
}
