namespace Embodied.Worlds;

/// <summary>A point or a direction on the table, in metres.</summary>
/// <param name="X">To the right.</param>
/// <param name="Y">Away from the viewer.</param>
public readonly record struct Vec2(double X, double Y)
{
    /// <summary>The length.</summary>
    public double Length => Math.Sqrt(X * X + Y * Y);

    /// <summary>The same direction with length 1; the zero vector stays.</summary>
    public Vec2 Unit => Length > 0 ? this / Length : this;

    /// <summary>Turned left by a right angle.</summary>
    public Vec2 Left => new(-Y, X);

    /// <summary>The sum.</summary>
    public static Vec2 operator +(Vec2 a, Vec2 b) => new(a.X + b.X, a.Y + b.Y);

    /// <summary>The difference.</summary>
    public static Vec2 operator -(Vec2 a, Vec2 b) => new(a.X - b.X, a.Y - b.Y);

    /// <summary>The multiple.</summary>
    public static Vec2 operator *(double s, Vec2 a) => new(s * a.X, s * a.Y);

    /// <summary>The fraction.</summary>
    public static Vec2 operator /(Vec2 a, double s) => new(a.X / s, a.Y / s);

    /// <summary>The inner product.</summary>
    public static double Dot(Vec2 a, Vec2 b) => a.X * b.X + a.Y * b.Y;

    /// <summary>The distance.</summary>
    public static double Distance(Vec2 a, Vec2 b) => (a - b).Length;
}
