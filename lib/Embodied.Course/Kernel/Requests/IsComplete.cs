using System.Text.Json.Nodes;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Embodied.Course.Kernel.Requests;

/// <summary><c>is_complete_request</c>: whether a console should run what was typed or ask for more.</summary>
internal sealed class IsComplete : IRequestHandler
{
    private const string Indent = "    ";

    // Comments and texts that are not closed: their errors lie where they begin, and more lines may cure them.
    private static readonly string[] OpenEnded = ["CS1035", "CS1039", "CS8997", "CS1010"];
    private static readonly CSharpParseOptions Script = new(LanguageVersion.Preview, DocumentationMode.None, SourceCodeKind.Script);

    public string Type => "is_complete_request";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        string code = request.Text("code") ?? "";
        SyntaxTree tree = CSharpSyntaxTree.ParseText(code, Script);
        bool complete = SyntaxFactory.IsCompleteSubmission(tree);
        int end = code.TrimEnd().Length;
        bool wrong = tree.GetDiagnostics().Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error
            && !OpenEnded.Contains(diagnostic.Id) && (complete || diagnostic.Location.SourceSpan.Start < end));
        string status = wrong ? "invalid" : complete ? "complete" : "incomplete";
        JsonObject reply = new() { ["status"] = status };
        if (status == "incomplete")
        {
            int depth = code.Count(c => c == '{') - code.Count(c => c == '}');
            reply["indent"] = string.Concat(Enumerable.Repeat(Indent, Math.Clamp(depth, 0, 12)));
        }
        request.Reply(reply);
        return Task.CompletedTask;
    }
}
