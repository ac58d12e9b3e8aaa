using Microsoft.CodeAnalysis;

namespace Embodied.Interactive.Grading;

/// <summary>Which library symbols lead past the compiler: what they call is decided by text while the program runs.</summary>
internal static class ReflectionRule
{
    private static readonly string[] Namespaces =
    [
        "System.Reflection", "System.Runtime.Loader", "System.CodeDom", "Microsoft.CodeAnalysis", "Microsoft.CSharp.RuntimeBinder",
        "Microsoft.VisualBasic.CompilerServices", "Embodied.Interactive.Session", "Embodied.Interactive.Running", "Embodied.Interactive.Editing",
        "Embodied.Interactive.Grading",
    ];

    private static readonly HashSet<string> Types =
    [
        "System.Activator", "System.AppDomain", "System.RuntimeMethodHandle", "System.RuntimeFieldHandle", "System.ModuleHandle",
        "System.Diagnostics.Process", "System.Diagnostics.ProcessStartInfo",
        "System.Runtime.InteropServices.DllImportAttribute", "System.Runtime.InteropServices.LibraryImportAttribute",
        "System.Runtime.InteropServices.NativeLibrary", "System.Runtime.CompilerServices.UnsafeAccessorAttribute",
        "System.Runtime.CompilerServices.UnsafeAccessorTypeAttribute", "System.Runtime.CompilerServices.CallSite",
        "System.ComponentModel.TypeDescriptor", "System.ComponentModel.PropertyDescriptor", "System.Runtime.Serialization.FormatterServices",
        "Microsoft.VisualBasic.Interaction", "System.ComponentModel.LicenseManager",
    ];

    private static readonly HashSet<string> Members =
    [
        "System.Delegate.CreateDelegate", "System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject",
        "System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor",
        "System.Runtime.InteropServices.Marshal.GetDelegateForFunctionPointer", "System.Runtime.InteropServices.Marshal.GetFunctionPointerForDelegate",
        .. new[] { "Call", "Property", "PropertyOrField", "Field", "New", "Bind", "MakeMemberAccess", "MakeIndex", "Dynamic", "MakeDynamic", "ElementInit" }
            .Select(name => "System.Linq.Expressions.Expression." + name),
    ];

    // What is asked of a type without finding members by it.
    private static readonly HashSet<string> HarmlessOfTypes =
    [
        "Name", "FullName", "Namespace", "AssemblyQualifiedName", "ToString", "Equals", "GetHashCode", "GetType", "op_Equality", "op_Inequality",
        "IsAssignableFrom", "IsAssignableTo", "IsInstanceOfType", "IsSubclassOf", "BaseType", "GetTypeCode", "GetTypeFromHandle", "GetElementType", "EmptyTypes",
        "IsArray", "IsClass", "IsEnum", "IsValueType", "IsPrimitive", "IsInterface", "IsAbstract", "IsSealed", "IsGenericType", "IsPublic", "IsPointer",
    ];

    /// <summary>Whether <paramref name="symbol"/>, a type or a member, is such a one.</summary>
    public static bool Covers(ISymbol symbol)
    {
        ISymbol declared = SymbolKeys.Declared(symbol);
        INamedTypeSymbol? type = declared as INamedTypeSymbol ?? declared.ContainingType;
        if (type is null || SymbolKeys.IsOfCell(declared) || declared is INamespaceSymbol)
        {
            return false;
        }
        string name = SymbolKeys.FullName(type);
        if (name is "System.Type" or "System.Reflection.MemberInfo" && declared is not INamedTypeSymbol)
        {
            return !HarmlessOfTypes.Contains(declared.Name) || declared is IMethodSymbol { Name: "GetType", Parameters.IsEmpty: false };
        }
        return name == "System.AppDomain" ? declared is not INamedTypeSymbol && declared.Name is not ("CurrentDomain" or "BaseDirectory" or "FriendlyName")
            : IsReflection(type, name) || (declared is not INamedTypeSymbol && (Members.Contains(SymbolKeys.FullName(declared)) || Gives(declared)));
    }

    /// <summary>Whether it belongs to reflection proper, which is what the sentence then says.</summary>
    public static bool IsProper(ISymbol symbol) => (symbol as INamedTypeSymbol ?? symbol.ContainingType) is { } type
        && (SymbolKeys.FullName(type) is "System.Type" or "System.Activator" or "System.AppDomain"
            || type.ContainingNamespace.ToDisplayString().StartsWith("System.Reflection", StringComparison.Ordinal));

    // Delegate.Method and its like.
    private static bool Gives(ISymbol member) => member switch
    {
        IMethodSymbol method => method.ReturnType,
        IPropertySymbol property => property.Type,
        _ => null,
    } is INamedTypeSymbol given && given.ContainingNamespace is { } space && space.ToDisplayString() == "System.Reflection" && !IsHarmless(given);

    private static bool IsReflection(INamedTypeSymbol type, string name)
    {
        if (IsHarmless(type))
        {
            return Types.Contains(name);
        }
        string space = type.ContainingNamespace.ToDisplayString();
        return Types.Contains(name) || Namespaces.Any(at => space == at || space.StartsWith(at + ".", StringComparison.Ordinal));
    }

    // Attributes and exceptions call nothing.
    private static bool IsHarmless(INamedTypeSymbol type) =>
        SymbolKeys.SelfAndBases(type).Any(at => at.Name is "Attribute" or "Exception" && at.ContainingNamespace is { Name: "System", ContainingNamespace.IsGlobalNamespace: true });
}
