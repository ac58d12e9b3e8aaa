using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Evaluation;

/// <summary>How a <see cref="NearestNeighbours"/> classifier votes; the defaults are Wu et al.'s.</summary>
public sealed record NearestNeighboursOptions
{
    /// <summary>Neighbours k that vote; of a small set take fewer, 20 say.</summary>
    public int Neighbours { get; init; } = 200;

    /// <summary>τ: the vote of a neighbour of cosine similarity s weighs exp(s/τ).</summary>
    public double Temperature { get; init; } = 0.07;
}

/// <summary>
/// What is near in a representation, without training anything on it: a classifier by the weighted vote of the k nearest,
/// <code>
/// ŷ = argmax_c Σ_{i ∈ N_k} exp(s_i / τ) 1[y_i = c],      s_i = cos(x, x_i),
/// </code>
/// and the share of neighbours that show the same instance.
/// </summary>
/// <remarks>Wu et al. 2018, section 3.4. Lecture: self-supervised learning.</remarks>
public static class NearestNeighbours
{
    private const int Block = 1024;

    /// <summary>The class that each query's neighbours vote for.</summary>
    /// <param name="train">Features with known labels, [n, d]; normalised here.</param>
    /// <param name="labels">int64 class numbers from 0, [n].</param>
    /// <param name="queries">Features, [m, d]; normalised here.</param>
    /// <param name="options">How.</param>
    /// <returns>int64, [m].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than k features, or the temperature is not positive.</exception>
    public static Tensor Predict(Tensor train, Tensor labels, Tensor queries, NearestNeighboursOptions? options = null) =>
        Vote(train, labels, queries, options ?? new(), leaveOut: false);

    /// <summary>The share of queries that are classified rightly.</summary>
    /// <param name="train">Features with known labels, [n, d].</param>
    /// <param name="trainLabels">int64 class numbers from 0, [n].</param>
    /// <param name="test">Features, [m, d].</param>
    /// <param name="testLabels">int64 class numbers, [m].</param>
    /// <param name="options">How.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than k features, or the temperature is not positive.</exception>
    public static double Accuracy(Tensor train, Tensor trainLabels, Tensor test, Tensor testLabels, NearestNeighboursOptions? options = null)
    {
        ShapeCheck.Require(test, nameof(test), -1, -1);
        ShapeCheck.Require(testLabels, nameof(testLabels), test.shape[0]);
        using var scope = NewDisposeScope();
        return Predict(train, trainLabels, test, options).eq(testLabels).to(ScalarType.Float64).mean().ToDouble();
    }

    /// <summary>The share of a set that is classified rightly by the others of the set, each left out of its own vote.</summary>
    /// <param name="features">[n, d].</param>
    /// <param name="labels">int64 class numbers from 0, [n].</param>
    /// <param name="options">How.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than k others, or the temperature is not positive.</exception>
    public static double LeaveOneOut(Tensor features, Tensor labels, NearestNeighboursOptions? options = null)
    {
        using var scope = NewDisposeScope();
        return Vote(features, labels, features, options ?? new(), leaveOut: true).eq(labels).to(ScalarType.Float64).mean().ToDouble();
    }

    /// <summary>
    /// Retrieval: how many of a picture's k nearest are pictures of the same instance, averaged over the pictures. Pictures do not count as
    /// their own neighbours.
    /// </summary>
    /// <param name="features">[n, d]; normalised here.</param>
    /// <param name="instances">int64, which instance each shows, [n].</param>
    /// <param name="neighbours">k; 1 for the share of pictures whose nearest shows the same instance.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than k others.</exception>
    public static double Retrieval(Tensor features, Tensor instances, int neighbours = 1)
    {
        ShapeCheck.Require(features, nameof(features), -1, -1);
        ShapeCheck.Require(instances, nameof(instances), features.shape[0]);
        using var scope = NewDisposeScope();
        (Tensor _, Tensor nearest) = Nearest(features, features, neighbours, leaveOut: true);
        return Chosen(instances, nearest).eq(instances.unsqueeze(1)).to(ScalarType.Float64).mean().ToDouble();
    }

    private static Tensor Vote(Tensor train, Tensor labels, Tensor queries, NearestNeighboursOptions options, bool leaveOut)
    {
        ShapeCheck.Require(train, nameof(train), -1, -1);
        ShapeCheck.Require(labels, nameof(labels), train.shape[0]);
        ShapeCheck.Require(queries, nameof(queries), -1, train.shape[1]);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Temperature, nameof(options));
        using var scope = NewDisposeScope();
        long classes = labels.max().item<long>() + 1;
        (Tensor similarities, Tensor nearest) = Nearest(train, queries, options.Neighbours, leaveOut);
        Tensor votes = zeros(nearest.shape[0], classes, dtype: similarities.dtype);
        // Only ratios of votes matter, and exp(1/τ) alone is 1.6 million.
        votes.scatter_add_(1, Chosen(labels, nearest), ((similarities - 1) / options.Temperature).exp());
        return votes.argmax(1).MoveToOuterDisposeScope();
    }

    // values[indices], of the indices' shape.
    private static Tensor Chosen(Tensor values, Tensor indices) => values.index_select(0, indices.reshape(-1)).view(indices.shape);

    // The k nearest of every query, [m, k], a block of queries at a time: the whole table of a large set would not fit.
    private static (Tensor Similarities, Tensor Indices) Nearest(Tensor features, Tensor queries, int k, bool leaveOut)
    {
        long n = features.shape[0], others = leaveOut ? n - 1 : n;
        if (k < 1 || k > others)
        {
            throw new ArgumentOutOfRangeException(nameof(k), k, $"There are {others} features to be neighbours; ask for 1 to as many.");
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor units = nn.functional.normalize(features, dim: 1), asked = nn.functional.normalize(queries, dim: 1);
        List<Tensor> similarities = [], indices = [];
        for (long from = 0; from < asked.shape[0]; from += Block)
        {
            using var blockScope = NewDisposeScope();
            Tensor s = asked.narrow(0, from, Math.Min(Block, asked.shape[0] - from)).mm(units.t()); // [block, n]
            if (leaveOut)
            {
                s.diagonal(from).fill_(double.NegativeInfinity);
            }
            (Tensor values, Tensor nearest) = s.topk(k, 1);
            similarities.Add(values.MoveToOuterDisposeScope());
            indices.Add(nearest.MoveToOuterDisposeScope());
        }
        return (cat(similarities).MoveToOuterDisposeScope(), cat(indices).MoveToOuterDisposeScope());
    }
}
