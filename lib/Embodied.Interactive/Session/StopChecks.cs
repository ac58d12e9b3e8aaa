using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Embodied.Interactive.Session;

/// <summary>
/// Puts a look at the cell's token into every loop and at the entry of every function with a body, so that a cell can be stopped
/// that never looks itself. Nothing moves to another line, so errors are still found where they were written.
/// </summary>
internal sealed class StopChecks : CSharpSyntaxRewriter
{
    private static readonly StatementSyntax Check =
        SyntaxFactory.ParseStatement("global::Embodied.Interactive.Cell.ThrowIfStopped();");

    /// <summary>The tree with checks.</summary>
    public static SyntaxTree AddTo(SyntaxTree tree) =>
        CSharpSyntaxTree.Create((CompilationUnitSyntax)new StopChecks().Visit(tree.GetRoot()), (CSharpParseOptions)tree.Options, tree.FilePath, tree.Encoding);

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node) => Into((WhileStatementSyntax)base.VisitWhileStatement(node)!);

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node) => ((DoStatementSyntax)base.VisitDoStatement(node)!) is var loop
        ? loop.WithStatement(Guarded(loop.Statement)) : null;

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node) => ((ForStatementSyntax)base.VisitForStatement(node)!) is var loop
        ? loop.WithStatement(Guarded(loop.Statement)) : null;

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node) => ((ForEachStatementSyntax)base.VisitForEachStatement(node)!) is var loop
        ? loop.WithStatement(Guarded(loop.Statement)) : null;

    public override SyntaxNode? VisitForEachVariableStatement(ForEachVariableStatementSyntax node) =>
        ((ForEachVariableStatementSyntax)base.VisitForEachVariableStatement(node)!) is var loop ? loop.WithStatement(Guarded(loop.Statement)) : null;

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node) => ((MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!) is var method
        ? method.WithBody(Entered(method.Body)) : null;

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node) =>
        ((LocalFunctionStatementSyntax)base.VisitLocalFunctionStatement(node)!) is var function ? function.WithBody(Entered(function.Body)) : null;

    // A block around a declaration would hide it from what follows.
    public override SyntaxNode? VisitLabeledStatement(LabeledStatementSyntax node) => ((LabeledStatementSyntax)base.VisitLabeledStatement(node)!) is var label
        && label.Statement is not (LocalDeclarationStatementSyntax or LocalFunctionStatementSyntax or LabeledStatementSyntax) ? label.WithStatement(Guarded(label.Statement)) : label;

    // Lambdas that are expressions stay as they are: they may be data, not code.
    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node) =>
        ((ParenthesizedLambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!) is var lambda ? lambda.WithBlock(Entered(lambda.Block)) : null;

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node) =>
        ((SimpleLambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!) is var lambda ? lambda.WithBlock(Entered(lambda.Block)) : null;

    private static WhileStatementSyntax Into(WhileStatementSyntax loop) => loop.WithStatement(Guarded(loop.Statement));

    private static BlockSyntax? Entered(BlockSyntax? body) => body?.WithStatements(body.Statements.Insert(0, Check));

    private static BlockSyntax Guarded(StatementSyntax body) => body is BlockSyntax block
        ? block.WithStatements(block.Statements.Insert(0, Check))
        : SyntaxFactory.Block(Check, body.WithoutTrivia()).WithLeadingTrivia(body.GetLeadingTrivia()).WithTrailingTrivia(body.GetTrailingTrivia());
}
