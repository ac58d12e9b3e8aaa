using Microsoft.CodeAnalysis.Operations;

namespace Embodied.Interactive.Grading;

/// <summary>The names under which operators are declared, for those that are chosen only while the program runs.</summary>
internal static class OperatorNames
{
    public static string? Of(BinaryOperatorKind kind) => kind switch
    {
        BinaryOperatorKind.Add => "op_Addition",
        BinaryOperatorKind.Subtract => "op_Subtraction",
        BinaryOperatorKind.Multiply => "op_Multiply",
        BinaryOperatorKind.Divide => "op_Division",
        BinaryOperatorKind.Remainder => "op_Modulus",
        BinaryOperatorKind.LeftShift => "op_LeftShift",
        BinaryOperatorKind.RightShift => "op_RightShift",
        BinaryOperatorKind.And => "op_BitwiseAnd",
        BinaryOperatorKind.Or => "op_BitwiseOr",
        BinaryOperatorKind.ExclusiveOr => "op_ExclusiveOr",
        BinaryOperatorKind.Equals => "op_Equality",
        BinaryOperatorKind.NotEquals => "op_Inequality",
        BinaryOperatorKind.LessThan => "op_LessThan",
        BinaryOperatorKind.LessThanOrEqual => "op_LessThanOrEqual",
        BinaryOperatorKind.GreaterThan => "op_GreaterThan",
        BinaryOperatorKind.GreaterThanOrEqual => "op_GreaterThanOrEqual",
        _ => null,
    };

    public static string? Of(UnaryOperatorKind kind) => kind switch
    {
        UnaryOperatorKind.Minus => "op_UnaryNegation",
        UnaryOperatorKind.Plus => "op_UnaryPlus",
        UnaryOperatorKind.Not => "op_LogicalNot",
        UnaryOperatorKind.BitwiseNegation => "op_OnesComplement",
        _ => null,
    };
}
