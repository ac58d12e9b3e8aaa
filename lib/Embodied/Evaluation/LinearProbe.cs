using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Evaluation;

/// <summary>How a linear probe is trained.</summary>
public sealed record LinearProbeOptions
{
    /// <summary>Most steps of the solver.</summary>
    public int Steps { get; init; } = 500;

    /// <summary>The largest entry of the gradient at which the solver stops, in nats.</summary>
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>L2 penalty on the weights of the standardised features.</summary>
    public double Penalty { get; init; } = 1e-4;
}

/// <summary>
/// A linear classifier on frozen features: multinomial logistic regression, the usual measure of how much of a label lies open in a
/// representation. Features are standardised with the training mean and deviation, so that no representation gains by its scale; the
/// problem is convex and solved to convergence, so that none gains by its learning rate.
/// </summary>
public static class LinearProbe
{
    /// <summary>Fits on the training features and gives the share of test examples that are classified rightly.</summary>
    /// <param name="train">Training features, [n, d].</param>
    /// <param name="trainLabels">int64 class numbers from 0, [n].</param>
    /// <param name="test">Test features, [m, d].</param>
    /// <param name="testLabels">int64 class numbers, [m].</param>
    /// <param name="options">How.</param>
    /// <returns>Accuracy, 0 to 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static double Accuracy(Tensor train, Tensor trainLabels, Tensor test, Tensor testLabels, LinearProbeOptions? options = null)
    {
        ShapeCheck.Require(train, nameof(train), -1, -1);
        ShapeCheck.Require(trainLabels, nameof(trainLabels), train.shape[0]);
        ShapeCheck.Require(test, nameof(test), -1, train.shape[1]);
        ShapeCheck.Require(testLabels, nameof(testLabels), test.shape[0]);
        options ??= new();

        using var scope = NewDisposeScope();
        using var _ = no_grad();
        long n = train.shape[0], d = train.shape[1], classes = trainLabels.max().item<long>() + 1;
        Tensor mean = train.mean([0L]), deviation = train.std(0).clamp_min(1e-6);
        Tensor learned = (train - mean) / deviation, asked = (test - mean) / deviation;
        if (d > n)
        {
            // The penalised optimum lies in the span of the examples: coordinates there give the same classifier, with far fewer weights.
            Tensor span = linalg.qr(learned.t()).Q; // [d, n]
            (learned, asked, d) = (learned.mm(span), asked.mm(span), n);
        }
        // The last column is the bias's, which is not penalised.
        Tensor x = cat([learned, ones(n, 1, dtype: train.dtype)], 1);
        Tensor y = nn.functional.one_hot(trainLabels, classes).to(train.dtype);
        Tensor penalised = cat([ones(d, 1, dtype: train.dtype), zeros(1, 1, dtype: train.dtype)]);

        // Böhning (1992): ½ (I − 11ᵀ/K) ⊗ XᵀX/n bounds the Hessian everywhere, so one factorisation serves every step and none overshoots.
        Tensor bound = 0.5 * x.t().matmul(x) / n + diag((2 * options.Penalty * penalised + 1e-7).squeeze(1));
        Tensor factor = linalg.cholesky(bound);
        Tensor W = zeros(d + 1, classes, dtype: train.dtype), ahead = W.clone();
        double momentum = 1;
        for (int step = 0; step < options.Steps; step++)
        {
            using var stepScope = NewDisposeScope();
            Tensor gradient = x.t().matmul(x.matmul(ahead).softmax(1) - y) / n + 2 * options.Penalty * penalised * ahead;
            if (gradient.abs().max().ToDouble() < options.Tolerance)
            {
                break;
            }
            Tensor next = ahead - cholesky_solve(gradient, factor);
            // Nesterov's momentum, dropped whenever it points uphill (O'Donoghue & Candès 2015).
            bool uphill = ((ahead - next) * (next - W)).sum().ToDouble() > 0;
            double following = uphill ? 1 : (1 + Math.Sqrt(1 + 4 * momentum * momentum)) / 2;
            ahead.copy_(uphill ? next : next + (momentum - 1) / following * (next - W));
            W.copy_(next);
            momentum = following;
        }

        Tensor predicted = cat([asked, ones(test.shape[0], 1, dtype: test.dtype)], 1).matmul(ahead).argmax(1);
        return predicted.eq(testLabels).to(ScalarType.Float64).mean().ToDouble();
    }
}
