using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Embodied.Interactive.Grading;

/// <summary>
/// Goes through one cell: its names, for types stand in no operation, and its operations, for what is used without a name stands in no
/// syntax.
/// </summary>
internal sealed class ForbiddenCallFinder(SemanticModel model, ForbiddenSymbols forbidden, bool allowReflection, CellFindings findings)
{
    /// <summary>Looks at a cell.</summary>
    public void Visit(SyntaxNode root)
    {
        // Not by recursion: a cell may nest deeper than the stack, whose overflow would end the process.
        Stack<SyntaxNode> rest = new([root]);
        while (rest.TryPop(out SyntaxNode? node))
        {
            if (!Enter(node))
            {
                continue;
            }
            foreach (SyntaxNode child in node.ChildNodes())
            {
                rest.Push(child);
            }
        }
    }

    private bool Enter(SyntaxNode node)
    {
        // A using directive uses nothing yet. Neither does nameof: it is a text.
        if (node is UsingDirectiveSyntax)
        {
            return false;
        }
        IOperation? operation = model.GetOperation(node);
        if (operation is INameOfOperation)
        {
            return false;
        }
        if (operation is { Parent: null })
        {
            VisitTree(operation);
        }
        switch (node)
        {
            case SimpleNameSyntax name:
                VisitName(name);
                break;
            case BaseTypeSyntax ancestor when model.GetTypeInfo(ancestor.Type).Type is INamedTypeSymbol type:
                // The base's constructor is called, written or not.
                Use(type.InstanceConstructors, ancestor.Type);
                break;
            case CommonForEachStatementSyntax loop:
                VisitForEach(loop);
                break;
            case AwaitExpressionSyntax wait:
                VisitAwait(model.GetAwaitExpressionInfo(wait), wait);
                break;
            case FunctionPointerTypeSyntax:
                Reflection("delegate*", "a function pointer", node);
                break;
            case PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.AddressOfExpression } address when model.GetSymbolInfo(address.Operand).Symbol is IMethodSymbol:
                Reflection("delegate*", "a function pointer", node);
                break;
            case AssignmentExpressionSyntax { Left: TupleExpressionSyntax or DeclarationExpressionSyntax } assignment:
                VisitDeconstruction(model.GetDeconstructionInfo(assignment), assignment.Right);
                break;
        }
        return true;
    }

    private void VisitTree(IOperation root)
    {
        Stack<IOperation> rest = new([root]);
        while (rest.TryPop(out IOperation? operation))
        {
            if (operation is INameOfOperation)
            {
                continue;
            }
            Visit(operation);
            foreach (IOperation child in operation.ChildOperations)
            {
                rest.Push(child);
            }
        }
    }

    private void VisitName(SimpleNameSyntax name)
    {
        SymbolInfo info = model.GetSymbolInfo(name);
        if (info.Symbol is { } symbol)
        {
            Use(symbol, name, byName: true);
            if (symbol is ITypeSymbol type and not ITypeParameterSymbol && name is IdentifierNameSyntax)
            {
                UseType(type, name); // Of var and of an alias: types without names of their own.
            }
        }
        else if (!info.CandidateSymbols.IsEmpty && info.CandidateSymbols.All(candidate => forbidden.Find(candidate, byName: true) is not null))
        {
            // A call that does not compile, of something whose every overload is forbidden.
            Use(info.CandidateSymbols[0], name, byName: true);
        }
    }

    private void Visit(IOperation operation)
    {
        SyntaxNode node = operation.Syntax;
        switch (operation)
        {
            case IInvocationOperation call:
                Use(call.TargetMethod, node, Receiver(call.Instance));
                VisitTypeArguments(call.TargetMethod, node);
                VisitReflection(call, call.TargetMethod, call.Arguments);
                break;
            case IObjectCreationOperation { Constructor: { } constructor } creation:
                Use(constructor, node is BaseObjectCreationExpressionSyntax { RawKind: (int)SyntaxKind.ObjectCreationExpression } written ? ((ObjectCreationExpressionSyntax)written).Type : node, null);
                VisitReflection(creation, constructor, creation.Arguments);
                break;
            case IMemberReferenceOperation reference:
                Use(reference.Member, node, Receiver(reference.Instance));
                if (reference is IMethodReferenceOperation { Method: var method })
                {
                    VisitTypeArguments(method, node);
                }
                break;
            case IDynamicMemberReferenceOperation reference:
                VisitDynamic(reference);
                break;
            case IDynamicIndexerAccessOperation access:
                VisitLate("this[]", Receiver(access.Operation), node);
                break;
            case IDynamicObjectCreationOperation { Type: INamedTypeSymbol type }:
                Use(type.InstanceConstructors, node);
                break;
            case IFunctionPointerInvocationOperation:
                Reflection("delegate*", "a function pointer", node);
                break;
            case IConversionOperation conversion:
                Use(conversion.OperatorMethod, node);
                break;
            case IBinaryOperation binary:
                Use(binary.OperatorMethod, node);
                VisitLateOperator(OperatorNames.Of(binary.OperatorKind), node, binary.LeftOperand, binary.RightOperand);
                break;
            case ITupleBinaryOperation { LeftOperand.Type: INamedTypeSymbol { IsTupleType: true } tuple } comparison:
                VisitTuple(tuple, OperatorNames.Of(comparison.OperatorKind), node);
                break;
            case IUnaryOperation unary:
                Use(unary.OperatorMethod, node);
                VisitLateOperator(OperatorNames.Of(unary.OperatorKind), node, unary.Operand);
                break;
            case IIncrementOrDecrementOperation step:
                Use(step.OperatorMethod, node);
                break;
            case ICompoundAssignmentOperation compound:
                Use(compound.OperatorMethod, node);
                VisitLateOperator(OperatorNames.Of(compound.OperatorKind), node, compound.Target, compound.Value);
                Use(compound.InConversion.MethodSymbol, node);
                Use(compound.OutConversion.MethodSymbol, node);
                break;
            case ICoalesceOperation coalesce:
                Use(coalesce.ValueConversion.MethodSymbol, node);
                break;
            case IRangeOperation range:
                Use(range.Method, node);
                break;
            case IWithOperation { CloneMethod: { } clone }:
                Use(clone, node);
                break;
            case IRecursivePatternOperation pattern:
                Use(pattern.DeconstructSymbol, node);
                break;
            case IListPatternOperation pattern:
                Use(pattern.LengthSymbol, node);
                Use(pattern.IndexerSymbol, node);
                break;
            case ISlicePatternOperation pattern:
                Use(pattern.SliceSymbol, node);
                break;
            case IImplicitIndexerReferenceOperation index:
                Use(index.LengthSymbol, node, Receiver(index.Instance));
                Use(index.IndexerSymbol, node, Receiver(index.Instance));
                break;
            case ICollectionExpressionOperation collection:
                Use(collection.ConstructMethod, node);
                if (!collection.Elements.IsEmpty && collection.Type is { } made)
                {
                    Use(made.GetMembers("Add"), node);
                }
                break;
            case ISpreadOperation spread:
                Use(Receiver(spread.Operand)?.GetMembers("GetEnumerator") ?? [], node);
                break;
            case IUsingOperation @using:
                VisitResources(@using.Resources, @using.IsAsynchronous);
                break;
            case IUsingDeclarationOperation @using:
                VisitResources(@using.DeclarationGroup, @using.IsAsynchronous);
                break;
        }
    }

    private void Use(ISymbol? symbol, SyntaxNode node, ITypeSymbol? receiver = null, bool byName = false)
    {
        if (symbol is null)
        {
            return;
        }
        if (forbidden.Find(symbol, receiver, byName) is { } match)
        {
            findings.Add(match, node);
        }
        else if (!allowReflection && ReflectionRule.Covers(symbol) && !NamesForbidden(node))
        {
            findings.AddReflection(symbol, node);
        }
    }

    private void Use(IEnumerable<ISymbol> candidates, SyntaxNode node)
    {
        if (candidates.FirstOrDefault(candidate => forbidden.Find(candidate) is not null) is { } found)
        {
            Use(found, node);
        }
    }

    private void UseType(ITypeSymbol type, SyntaxNode node)
    {
        switch (type)
        {
            case IArrayTypeSymbol array:
                UseType(array.ElementType, node);
                break;
            case INamedTypeSymbol named:
                Use(named, node);
                foreach (ITypeSymbol argument in named.TypeArguments)
                {
                    UseType(argument, node);
                }
                break;
        }
    }

    // Inferred type arguments have no names; and new T() is a constructor's call.
    private void VisitTypeArguments(IMethodSymbol method, SyntaxNode node)
    {
        foreach ((ITypeSymbol argument, ITypeParameterSymbol parameter) in method.TypeArguments.Zip(method.TypeParameters))
        {
            UseType(argument, node);
            if (argument is INamedTypeSymbol type && (parameter.HasConstructorConstraint || IsMaker(method)))
            {
                Use(type.InstanceConstructors, node);
            }
        }
    }

    private void VisitForEach(CommonForEachStatementSyntax loop)
    {
        ForEachStatementInfo info = model.GetForEachStatementInfo(loop);
        ITypeSymbol? collection = model.GetTypeInfo(loop.Expression).Type;
        Use(info.GetEnumeratorMethod, loop.Expression, collection);
        Use(info.MoveNextMethod, loop.Expression, info.GetEnumeratorMethod?.ReturnType);
        Use(info.CurrentProperty, loop.Expression, info.GetEnumeratorMethod?.ReturnType);
        Use(info.DisposeMethod, loop.Expression, info.GetEnumeratorMethod?.ReturnType);
        Use(info.ElementConversion.MethodSymbol, loop.Expression);
        Use(info.CurrentConversion.MethodSymbol, loop.Expression);
        VisitAwait(info.MoveNextAwaitableInfo, loop.Expression);
        VisitAwait(info.DisposeAwaitableInfo, loop.Expression);
        if (loop is ForEachVariableStatementSyntax variables)
        {
            VisitDeconstruction(model.GetDeconstructionInfo(variables), loop.Expression);
        }
    }

    private void VisitAwait(AwaitExpressionInfo info, SyntaxNode node)
    {
        Use(info.GetAwaiterMethod, node);
        Use(info.IsCompletedProperty, node);
        Use(info.GetResultMethod, node);
    }

    private void VisitDeconstruction(DeconstructionInfo info, SyntaxNode node)
    {
        Use(info.Method, node);
        Use(info.Conversion?.MethodSymbol, node);
        foreach (DeconstructionInfo nested in info.Nested)
        {
            VisitDeconstruction(nested, node);
        }
    }

    private void VisitResources(IOperation resources, bool asynchronous)
    {
        string name = asynchronous ? "DisposeAsync" : "Dispose";
        IEnumerable<(ITypeSymbol? Type, SyntaxNode Node)> disposed = resources is IVariableDeclarationGroupOperation group
            ? group.Declarations.SelectMany(declaration => declaration.Declarators).Select(declarator => ((ITypeSymbol?)declarator.Symbol.Type, declarator.Syntax))
            : [(Receiver(resources), resources.Syntax)];
        foreach ((ITypeSymbol? type, SyntaxNode node) in disposed)
        {
            IEnumerable<ISymbol> own = SymbolKeys.SelfAndBases(type).SelectMany(at => at.GetMembers(name));
            if (type is { TypeKind: TypeKind.Interface })
            {
                own = own.Concat(type.AllInterfaces.SelectMany(at => at.GetMembers(name)));
            }
            // The slots that the type fills are what is called, however its own method is named.
            own = own.Concat((type?.AllInterfaces ?? []).SelectMany(at => at.GetMembers(name)).Select(slot => type!.FindImplementationForInterfaceMember(slot)).OfType<ISymbol>());
            if (own.FirstOrDefault(method => forbidden.Find(method, type) is not null) is { } found)
            {
                Use(found, node, type);
            }
        }
    }

    private void VisitDynamic(IDynamicMemberReferenceOperation reference)
    {
        VisitLate(reference.MemberName, Receiver(reference.Instance) ?? reference.ContainingType, reference.Syntax);
    }

    private void VisitLate(string name, ITypeSymbol? receiver, SyntaxNode node)
    {
        if (forbidden.Late(name, receiver) is { } match)
        {
            findings.Add(match, node);
        }
    }

    private void VisitLateOperator(string? name, SyntaxNode node, params ReadOnlySpan<IOperation> operands)
    {
        foreach (IOperation operand in operands)
        {
            if (name is not null && Receiver(operand) is IDynamicTypeSymbol dynamic)
            {
                VisitLate(name, dynamic, node);
            }
        }
    }

    // Tuples are compared element by element.
    private void VisitTuple(INamedTypeSymbol tuple, string? name, SyntaxNode node)
    {
        foreach (ITypeSymbol element in tuple.TupleElements.Select(field => field.Type))
        {
            if (element is INamedTypeSymbol { IsTupleType: true } nested)
            {
                VisitTuple(nested, name, node);
            }
            else if (name is not null)
            {
                Use(element.GetMembers(name), node);
            }
        }
    }

    // Reflection that says what it is after is told so; what it does not say could be anything.
    private void VisitReflection(IOperation call, IMethodSymbol target, ImmutableArray<IArgumentOperation> arguments)
    {
        if (ReflectionRule.Covers(target) && NamedIn(target, call, arguments) is { } match)
        {
            findings.Add(match, call.Syntax, "reaches by its name");
        }
    }

    private bool NamesForbidden(SyntaxNode node) => node is InvocationExpressionSyntax or BaseObjectCreationExpressionSyntax or SimpleNameSyntax
        && node.AncestorsAndSelf().FirstOrDefault(at => at is InvocationExpressionSyntax or BaseObjectCreationExpressionSyntax or StatementSyntax) is { } outer
        && model.GetOperation(outer) switch
        {
            IInvocationOperation call => NamedIn(call.TargetMethod, call, call.Arguments) is not null,
            IObjectCreationOperation { Constructor: { } constructor } creation => NamedIn(constructor, creation, creation.Arguments) is not null,
            _ => false,
        };

    private ForbiddenMatch? NamedIn(IMethodSymbol target, IOperation call, ImmutableArray<IArgumentOperation> arguments)
    {
        foreach (IArgumentOperation argument in arguments)
        {
            if (argument.Value.ConstantValue is { HasValue: true, Value: string text } && forbidden.Named(text) is { } named)
            {
                return named;
            }
        }
        IOperation? typeOf = IsMaker(target) || target.Name is "GetConstructor" or "GetConstructors" or "InvokeMember" or "GetUninitializedObject" or "New"
            ? arguments.Select(argument => argument.Value).Append((call as IInvocationOperation)?.Instance).FirstOrDefault(value => value is ITypeOfOperation) : null;
        return typeOf is ITypeOfOperation { TypeOperand: INamedTypeSymbol type }
            ? type.InstanceConstructors.Select(constructor => forbidden.Find(constructor)).FirstOrDefault(found => found is not null) : null;
    }

    private void Reflection(string name, string shortName, SyntaxNode node)
    {
        if (!allowReflection)
        {
            findings.AddReflection(name, shortName, node, 0, proper: false);
        }
    }

    private static bool IsMaker(IMethodSymbol method) => method.Name.StartsWith("CreateInstance", StringComparison.Ordinal) && method.ContainingType.Name == "Activator";

    // What an object was before it was converted without running anything.
    private static ITypeSymbol? Receiver(IOperation? instance)
    {
        IOperation? at = instance;
        while (at is IConversionOperation { OperatorMethod: null } or IParenthesizedOperation)
        {
            at = at is IConversionOperation conversion ? conversion.Operand : ((IParenthesizedOperation)at).Operand;
        }
        return at is IInstanceReferenceOperation && at.Type is null ? null : at?.Type;
    }
}
