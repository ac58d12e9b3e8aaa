using System.Reflection;
using System.Runtime.Loader;
using Embodied.Interactive;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Embodied.Notebooks.Tests.Engine;

/// <summary>The archived kernel's types that the engine speaks to, with the signatures they had, in an assembly made for the test.</summary>
public sealed class DotNetInteractiveTests
{
    private const string Kernel = """
        using System.Collections.Generic; using System.Threading;
        namespace Microsoft.DotNet.Interactive.Commands { public class KernelCommand { } }
        namespace Microsoft.DotNet.Interactive.Formatting
        {
            public class FormattedValue(string mimeType, string value) { public string MimeType { get; } = mimeType; public string Value { get; } = value; }
        }
        namespace Microsoft.DotNet.Interactive.Events
        {
            using Commands; using Formatting;
            public abstract class KernelEvent(KernelCommand command) { public KernelCommand Command { get; } = command; }
            public class DisplayedValueProduced(object value, KernelCommand command, IReadOnlyCollection<FormattedValue> formattedValues = null, string valueId = null) : KernelEvent(command)
            {
                public IReadOnlyCollection<FormattedValue> FormattedValues { get; } = formattedValues; public string ValueId { get; } = valueId;
            }
            public class DisplayedValueUpdated(object value, string valueId, KernelCommand command, IReadOnlyCollection<FormattedValue> formattedValues = null) : KernelEvent(command)
            {
                public IReadOnlyCollection<FormattedValue> FormattedValues { get; } = formattedValues; public string ValueId { get; } = valueId;
            }
        }
        namespace Microsoft.DotNet.Interactive
        {
            using Commands; using Events; using System.Linq;
            public class KernelInvocationContext
            {
                static AsyncLocal<KernelInvocationContext> current = new();
                public static KernelInvocationContext Current => current.Value;
                public KernelCommand Command { get; } = new();
                public CancellationToken CancellationToken { get; } = new(true);
                public List<string> Seen { get; } = new();
                public static KernelInvocationContext Begin() => current.Value = new();
                public static void End() => current.Value = null;
                public void Publish(KernelEvent e) => Publish(e, true);
                public void Publish(KernelEvent e, bool ambientOnly) => Seen.Add(e switch
                {
                    DisplayedValueProduced p => "produced " + p.ValueId + " " + string.Join(",", p.FormattedValues.Select(f => f.MimeType + "=" + f.Value)),
                    DisplayedValueUpdated u => "updated " + u.ValueId + " " + string.Join(",", u.FormattedValues.Select(f => f.MimeType + "=" + f.Value)),
                    _ => "unknown",
                } + (e.Command == Command ? "" : " by another command"));
            }
        }
        """;

    [Fact]
    public void Displays_reach_its_kernel_with_their_representations_and_identity()
    {
        Type context = CompileKernel().GetType("Microsoft.DotNet.Interactive.KernelInvocationContext")!;
        object running = context.GetMethod("Begin")!.Invoke(null, null)!;
        try
        {
            Assert.True(Cell.CancellationToken.IsCancellationRequested);
            LiveProgress bar = LiveProgress.Start("Work");
            bar.Dispose();
            List<string> seen = (List<string>)context.GetProperty("Seen")!.GetValue(running)!;
            Assert.Equal(2, seen.Count);
            string id = seen[0].Split(' ')[1];
            Assert.Matches($"^produced {id} text/html=<div .*,text/plain=Work$", seen[0]);
            Assert.Matches($"^updated {id} text/html=<div .*,text/plain=Work · [0-9.]+ s$", seen[1]);
        }
        finally
        {
            context.GetMethod("End")!.Invoke(null, null);
        }
        Assert.False(Cell.CancellationToken.IsCancellationRequested);
    }

    private static Assembly CompileKernel()
    {
        string[] trusted = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Microsoft.DotNet.Interactive",
            [CSharpSyntaxTree.ParseText(Kernel)],
            trusted.Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal)).Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using MemoryStream image = new();
        var emitted = compilation.Emit(image);
        Assert.True(emitted.Success, string.Join('\n', emitted.Diagnostics));
        image.Position = 0;
        return new AssemblyLoadContext("archived kernel").LoadFromStream(image);
    }
}
