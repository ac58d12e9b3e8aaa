using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using Embodied.Interactive.Packages;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace Embodied.Interactive.Session;

/// <summary>
/// The cells of a session as Roslyn sees them: each a script that may use whatever those before it declared. A cell that was
/// compiled stays in the chain even if it threw, so what it had declared until then is there, as it is in other kernels.
/// </summary>
internal sealed class SubmissionChain
{
    private static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Preview, DocumentationMode.None, SourceCodeKind.Script);
    private static readonly string[] Imports =
    [
        "System", "System.Collections", "System.Collections.Generic", "System.Linq", "System.Text", "System.Threading.Tasks",
        "Embodied.Interactive.Scripting", "Embodied.Interactive.Scripting.Globals",
    ];

    private static readonly Lock Binding = new();
    private static int chains;

    private readonly int number = Interlocked.Increment(ref chains);
    private readonly SessionAssemblies assemblies = new();
    private readonly CSharpCompilationOptions options;
    private readonly HashSet<PortableExecutableReference> referenced = [];
    private ImmutableArray<PortableExecutableReference> added = []; // Referenced, and not by a cell of the chain yet.
    private CSharpCompilation? last;
    private object?[] states = new object?[16];
    private int count = 1; // Slot 0 is for an object of globals, which this session has none of.
    private int compiled;

    public SubmissionChain(string workingDirectory)
    {
        options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
            .WithUsings(Imports)
            .WithOptimizationLevel(OptimizationLevel.Release)
            .WithAllowUnsafe(true)
            .WithConcurrentBuild(false) // A cell is too small to share out.
            .WithMetadataReferenceResolver(new ReferenceResolver(workingDirectory, assemblies))
            .WithSourceReferenceResolver(new SourceFileResolver([], workingDirectory))
            .WithAssemblyIdentityComparer(DesktopAssemblyIdentityComparer.Default);
    }

    /// <summary>Makes packages' libraries known to the cells that follow; what the process brings along is used instead of a second copy.</summary>
    public void Reference(PackageFiles files)
    {
        foreach (string path in files.Assemblies)
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (HostAssemblies.Path(name) is null)
            {
                assemblies.Add(path);
            }
            PortableExecutableReference reference = HostAssemblies.Reference(name) ?? MetadataFiles.Reference(path);
            if (referenced.Add(reference))
            {
                added = added.Add(reference);
            }
        }
        foreach (string path in files.Natives)
        {
            assemblies.AddNative(path);
        }
    }

    /// <summary>Compiles <paramref name="code"/> after the cells that ran before it.</summary>
    /// <param name="code">A cell's source.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="cancellation">Stops the compiler.</param>
    /// <exception cref="CompilationException">The source does not compile.</exception>
    public Submission Compile(string code, string name, CancellationToken cancellation)
    {
        compiled++;
        SyntaxTree tree = CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions, name, cancellation);
        SyntaxTree stoppable = StopChecks.AddTo(tree);
        CSharpCompilation compilation = Create(stoppable);
        using MemoryStream image = new(), symbols = new();
        EmitResult emitted = Emit(compilation, image, symbols, cancellation);
        if (!emitted.Success && !Errors(emitted.Diagnostics).Any())
        {
            // Directives and usings alone have no code to emit, which the compiler calls a failure without errors.
            return new Submission(compilation, _ => Task.FromResult<object?>(null), HasValue: false);
        }
        if (!emitted.Success)
        {
            // Of the source as it was written, whose columns are the person's own.
            ImmutableArray<Diagnostic> own = [.. Errors(Create(tree).GetDiagnostics(cancellation))];
            throw new CompilationException(own.IsEmpty ? [.. Errors(emitted.Diagnostics)] : own);
        }

        image.Position = symbols.Position = 0;
        Assembly assembly = assemblies.LoadCell(image, symbols);
        IMethodSymbol entry = compilation.GetEntryPoint(cancellation)!;
        MethodInfo method = assembly.GetType(entry.ContainingType.MetadataName, throwOnError: true)!
            .GetMethod(entry.MetadataName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
        return new Submission(compilation, method.CreateDelegate<Func<object?[], Task<object?>>>(), HasValue(compilation, stoppable));
    }

    /// <summary>What the compiler makes of <paramref name="code"/> after the cells that ran, without running it.</summary>
    public (CSharpCompilation Compilation, SyntaxTree Tree) Draft(string code)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions, "draft");
        return (Create(tree), tree);
    }

    /// <summary>
    /// What the compiler makes of <paramref name="code"/>, which joins the chain without running if it would have run: one with errors is
    /// left out, for a session leaves it out too. The compilation's references, files and symbols can be asked; its variables hold nothing.
    /// </summary>
    /// <param name="code">A cell's source.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="cancellation">Stops the compiler.</param>
    public (CSharpCompilation Compilation, SyntaxTree Tree, ImmutableArray<Diagnostic> Errors) Assume(string code, string name, CancellationToken cancellation)
    {
        compiled++;
        SyntaxTree tree = CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions, name, cancellation);
        CSharpCompilation compilation = Create(tree);
        ImmutableArray<Diagnostic> errors = [.. Errors(compilation.GetDiagnostics(cancellation))];
        if (errors.IsEmpty)
        {
            (last, added) = (compilation, []);
        }
        return (compilation, tree, errors);
    }

    private CSharpCompilation Create(SyntaxTree tree)
    {
        CSharpCompilation compilation = CSharpCompilation.CreateScriptCompilation(
            FormattableString.Invariant($"cell-{number}-{compiled}"),
            tree,
            last is null ? HostAssemblies.Default.Concat(added) : added,
            options.WithScriptClassName(FormattableString.Invariant($"Submission{compiled}")),
            last,
            typeof(object));
        // Chains share metadata. Two that bind one library at once would each make symbols for it, and a later cell could meet
        // both: a Tensor that is no Tensor. One at a time, the second takes what the first has made.
        lock (Binding)
        {
            _ = compilation.Assembly;
        }
        return compilation;
    }

    private static EmitResult Emit(CSharpCompilation compilation, Stream image, Stream symbols, CancellationToken cancellation) => compilation.Emit(
        image, symbols, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb), cancellationToken: cancellation);

    private static IEnumerable<Diagnostic> Errors(IEnumerable<Diagnostic> diagnostics) =>
        diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);

    /// <summary>Adds a compiled cell to the chain and runs it.</summary>
    public Task<object?> RunAsync(Submission submission)
    {
        last = submission.Compilation;
        added = [];
        if (count == states.Length)
        {
            Array.Resize(ref states, 2 * states.Length);
        }
        count++;
        return submission.Run(states);
    }

    /// <summary>The variables that cells declared; of several of one name the last.</summary>
    public IReadOnlyList<SessionVariable> Variables()
    {
        Dictionary<string, SessionVariable> found = [];
        foreach (object state in states.Take(count).OfType<object>())
        {
            foreach (FieldInfo field in state.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (!field.Name.StartsWith('<') && !field.FieldType.Name.StartsWith("Submission", StringComparison.Ordinal))
                {
                    found[field.Name] = new SessionVariable(field.Name, TypeName(field.FieldType), field.GetValue(state));
                }
            }
        }
        return [.. found.Values];
    }

    /// <summary>The function of a name that a cell declared last, and the object to call it on; null when no cell did.</summary>
    public (object Target, MethodInfo Method)? Function(string name) => states.Take(count).OfType<object>().Reverse()
        .SelectMany(state => state.GetType().GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(method => method.Name == name && !method.IsGenericMethodDefinition).Select(method => ((object, MethodInfo)?)(state, method)))
        .FirstOrDefault();

    /// <summary>Whether <paramref name="assembly"/> is one of the chain's cells.</summary>
    public bool IsCell(Assembly? assembly) => assemblies.IsCell(assembly);

    private static bool HasValue(CSharpCompilation compilation, SyntaxTree tree) =>
        tree.GetCompilationUnitRoot().Members is [.., GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } statement }]
        && compilation.GetSemanticModel(tree).GetTypeInfo(statement.Expression).Type is not { SpecialType: SpecialType.System_Void };

    private static string TypeName(Type type)
    {
        if (type.IsArray)
        {
            return $"{TypeName(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return TypeName(inner) + "?";
        }
        string name = type.IsGenericType
            ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>"
            : Keywords.GetValueOrDefault(type, type.Name);
        return name;
    }

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(bool)] = "bool", [typeof(char)] = "char", [typeof(byte)] = "byte", [typeof(short)] = "short", [typeof(int)] = "int", [typeof(long)] = "long",
        [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal", [typeof(string)] = "string", [typeof(object)] = "object",
    };
}

/// <summary>Thrown when a cell does not compile.</summary>
internal sealed class CompilationException(ImmutableArray<Diagnostic> errors) : Exception(errors[0].GetMessage())
{
    /// <summary>The errors, at least one.</summary>
    public ImmutableArray<Diagnostic> Errors { get; } = errors;
}
