using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Interactive;

/// <summary>
/// Looks at the result of an exercise. What fails says what came, what was wanted, and a hint; in <see cref="Steps"/> the other
/// steps still count.
/// </summary>
public static class Check
{
    /// <summary>How the failure of a step begins whose function still throws <see cref="NotImplementedException"/>.</summary>
    public const string NotWritten = "not written yet";

    /// <summary>A part of an exercise that earns points by itself.</summary>
    /// <param name="name">What it looks at, such as <c>"large inputs stay finite"</c>.</param>
    /// <param name="points">What it is worth, at least 0.</param>
    /// <param name="body">Throws when it fails.</param>
    public static CheckStep Step(string name, double points, Action body) => new(name, points, body);

    /// <summary>
    /// Runs all steps, shows what came of each, and returns the points earned: as the last expression of a check cell, they are its score.
    /// </summary>
    /// <param name="steps">The steps; what an earlier one does to its inputs a later one sees.</param>
    /// <returns>The points earned.</returns>
    /// <exception cref="ArgumentException">There is no step, or one's points are negative or not a number.</exception>
    public static double Steps(params CheckStep[] steps)
    {
        if (steps.Length == 0)
        {
            throw new ArgumentException("A check needs at least one step.", nameof(steps));
        }
        if (Array.Find(steps, step => !(step.Points >= 0 && double.IsFinite(step.Points))) is { } wrong)
        {
            throw new ArgumentException($"The step '{wrong.Name}' is worth {wrong.Points}; a number of at least 0 is wanted.", nameof(steps));
        }
        CheckOutcome[] outcomes = [.. steps.Select(Run)];
        CheckReport.Show(outcomes);
        return outcomes.Sum(outcome => outcome.Earned);
    }

    /// <summary>Wants something to be so.</summary>
    /// <param name="holds">Whether it is.</param>
    /// <param name="expectation">What came and what was wanted, without a full stop.</param>
    /// <param name="hint">A question or remark that leads on.</param>
    /// <exception cref="CheckFailedException">It is not.</exception>
    public static void That(bool holds, string expectation, string? hint = null)
    {
        if (!holds)
        {
            throw new CheckFailedException(expectation, hint);
        }
    }

    /// <summary>Wants a tensor to have a shape.</summary>
    /// <param name="actual">The tensor.</param>
    /// <param name="expected">The shape.</param>
    /// <param name="hint">A question or remark that leads on.</param>
    /// <exception cref="CheckFailedException">It has another, or there is no tensor.</exception>
    public static void Shape(Tensor? actual, long[] expected, string? hint = null)
    {
        That(actual is not null, $"null, wanted a tensor of shape {Words(expected)}", hint);
        That(actual!.shape.SequenceEqual(expected), $"shape {Words(actual.shape)}, wanted {Words(expected)}", hint);
    }

    /// <summary>Wants |actual − expected| ≤ tolerance · (1 + |expected|).</summary>
    /// <param name="actual">What came.</param>
    /// <param name="expected">What is right.</param>
    /// <param name="tolerance">How far it may be off.</param>
    /// <param name="hint">A question or remark that leads on; null: one is found from the numbers where they tell something.</param>
    /// <exception cref="CheckFailedException">It is farther off, or not finite.</exception>
    public static void Close(double actual, double expected, double tolerance = 1e-6, string? hint = null) => That(
        IsClose(actual, expected, tolerance), $"{Number(actual)}, wanted {Number(expected)}", hint ?? Clue.Of([actual], [expected], tolerance));

    /// <summary>Wants |actual − expected| ≤ tolerance · (1 + |expected|), element by element, and the same shape.</summary>
    /// <param name="actual">What came.</param>
    /// <param name="expected">What is right.</param>
    /// <param name="tolerance">How far each element may be off.</param>
    /// <param name="hint">A question or remark that leads on; null: one is found from the numbers where they tell something.</param>
    /// <exception cref="CheckFailedException">The shapes differ, or an element is farther off or not finite.</exception>
    public static void Close(Tensor? actual, Tensor expected, double tolerance = 1e-6, string? hint = null)
    {
        Shape(actual, expected.shape, hint);
        double[] ours = Doubles(actual!), theirs = Doubles(expected);
        int[] off = [.. Enumerable.Range(0, ours.Length).Where(i => !IsClose(ours[i], theirs[i], tolerance))];
        if (off.Length == 0)
        {
            return;
        }
        int worst = off.MaxBy(i => double.IsFinite(ours[i]) ? Math.Abs(ours[i] - theirs[i]) : double.PositiveInfinity);
        string place = expected.dim() == 0 ? "" : $" at {Words(Place(worst, expected.shape))}";
        string many = ours.Length == 1 ? "" : FormattableString.Invariant($" ({off.Length} of {ours.Length} elements are off)");
        throw new CheckFailedException($"{Number(ours[worst])}{place}, wanted {Number(theirs[worst])}{many}", hint ?? Clue.Of(ours, theirs, tolerance));
    }

    /// <summary>Wants a gradient to agree with central differences, ∂f/∂xᵢ ≈ (f(x + h eᵢ) − f(x − h eᵢ)) / 2h, in float64.</summary>
    /// <param name="function">f, of a float64 tensor; one number.</param>
    /// <param name="gradient">∇f, as long as its argument.</param>
    /// <param name="at">x, any shape.</param>
    /// <param name="tolerance">How far each element may be off, relative to 1 + its size.</param>
    /// <param name="hint">A question or remark that leads on.</param>
    /// <exception cref="CheckFailedException">An element is farther off.</exception>
    public static void Gradient(Func<Tensor, Tensor> function, Func<Tensor, Tensor> gradient, Tensor at, double tolerance = 1e-5, string? hint = null)
    {
        const double h = 1e-6;
        using DisposeScope scope = NewDisposeScope();
        Tensor x = at.detach().to(ScalarType.Float64).clone();
        Tensor differences = zeros_like(x);
        for (long i = 0; i < x.numel(); i++)
        {
            Tensor step = zeros(x.numel(), dtype: ScalarType.Float64);
            step[i] = h;
            Tensor along = step.reshape(x.shape);
            using Tensor slope = (function(x + along) - function(x - along)) / (2 * h);
            differences.flatten()[i] = slope.to(ScalarType.Float64).item<double>();
        }
        try
        {
            Close(gradient(x), differences, tolerance, hint);
        }
        catch (CheckFailedException e)
        {
            throw new CheckFailedException($"gradient: {e.Expectation} by finite differences", e.Hint);
        }
    }

    /// <summary>Wants something to hold for fresh random inputs.</summary>
    /// <param name="statement">What holds, as a sentence without a full stop.</param>
    /// <param name="body">Draws inputs and throws when it does not hold for them.</param>
    /// <param name="count">How many times.</param>
    /// <exception cref="CheckFailedException">It does not hold for one.</exception>
    public static void Property(string statement, Action<Sample> body, int count = 20)
    {
        for (int i = 0; i < count; i++)
        {
            try
            {
                body(new Sample(Random.Shared.Next()));
            }
            catch (CheckFailedException e)
            {
                throw new CheckFailedException(FormattableString.Invariant($"{statement}; for random input {i + 1} of {count}: {e.Expectation}"), e.Hint);
            }
        }
    }

    /// <summary>A shape in words: <c>[8, 128]</c>.</summary>
    internal static string Words(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    private static CheckOutcome Run(CheckStep step)
    {
        try
        {
            using DisposeScope scope = NewDisposeScope();
            step.Body();
            return new CheckOutcome(step.Name, step.Points, null);
        }
        catch (OperationCanceledException) when (Cell.CancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (CheckFailedException e)
        {
            return new CheckOutcome(step.Name, step.Points, e.Message);
        }
        catch (NotImplementedException e)
        {
            return new CheckOutcome(step.Name, step.Points, $"{NotWritten}: {e.Message}");
        }
        catch (Exception e) when (e is not (OutOfMemoryException or ThreadInterruptedException))
        {
            return new CheckOutcome(step.Name, step.Points, $"{e.GetType().Name}: {e.Message}");
        }
    }

    // NaN is close to nothing.
    private static bool IsClose(double actual, double expected, double tolerance) =>
        Math.Abs(actual - expected) <= tolerance * (1 + Math.Abs(expected)) || actual == expected;

    private static double[] Doubles(Tensor tensor)
    {
        using Tensor plain = tensor.detach().cpu().to(ScalarType.Float64).contiguous();
        return [.. plain.data<double>()];
    }

    private static long[] Place(long flat, long[] shape)
    {
        long[] place = new long[shape.Length];
        for (int d = shape.Length - 1; d >= 0; d--)
        {
            (flat, place[d]) = Math.DivRem(flat, shape[d]);
        }
        return place;
    }

    private static string Number(double value) => value.ToString("G5", CultureInfo.InvariantCulture);
}
