namespace Embodied.Objects;

/// <summary>
/// A symmetric matrix W known only by what it does to a vector, y = W x. Eigenvector solvers and cuts ask for nothing else, so a
/// dense matrix, a sparse one, a table of bits or an affinity that is never formed all serve.
/// </summary>
public interface ISymmetricOperator
{
    /// <summary>Number of rows and columns, n.</summary>
    int Size { get; }

    /// <summary>Computes y = W x.</summary>
    /// <param name="x">The vector to multiply, length n; left as it is.</param>
    /// <param name="y">Receives the product, length n; another array than <paramref name="x"/>.</param>
    void Apply(double[] x, double[] y);

    /// <summary>The operator on a subset of the nodes: rows and columns <paramref name="nodes"/> of W, in that order.</summary>
    /// <param name="nodes">Distinct indices in [0, n).</param>
    /// <exception cref="ArgumentException">An index is outside [0, n) or occurs twice.</exception>
    ISymmetricOperator Restrict(int[] nodes) => new RestrictedOperator(this, nodes);
}

/// <summary>A symmetric operator given by a function.</summary>
/// <param name="size">Number of rows and columns, n.</param>
/// <param name="apply">Writes W x (second argument) for x (first argument), both of length n.</param>
public sealed class FunctionOperator(int size, Action<double[], double[]> apply) : ISymmetricOperator
{
    /// <inheritdoc/>
    public int Size { get; } = size > 0 ? size
        : throw new ArgumentOutOfRangeException(nameof(size), size, "An operator needs at least one row.");

    /// <inheritdoc/>
    public void Apply(double[] x, double[] y) => apply(x, y);
}

/// <summary>Rows and columns <c>nodes</c> of another operator: the vector is padded with zeros, multiplied whole, and read back.</summary>
internal sealed class RestrictedOperator : ISymmetricOperator
{
    private readonly ISymmetricOperator whole;
    private readonly int[] nodes;
    private readonly double[] padded;
    private readonly double[] product;

    public RestrictedOperator(ISymmetricOperator whole, int[] nodes)
    {
        NodeSubset.Check(nodes, whole.Size);
        this.whole = whole;
        this.nodes = nodes;
        padded = new double[whole.Size];
        product = new double[whole.Size];
    }

    public int Size => nodes.Length;

    public void Apply(double[] x, double[] y)
    {
        for (int k = 0; k < nodes.Length; k++)
        {
            padded[nodes[k]] = x[k];
        }
        whole.Apply(padded, product);
        for (int k = 0; k < nodes.Length; k++)
        {
            y[k] = product[nodes[k]];
        }
    }
}

internal static class NodeSubset
{
    /// <summary>Returns for each of n nodes its position in <paramref name="nodes"/>, or −1.</summary>
    public static int[] Check(int[] nodes, int n)
    {
        if (nodes.Length == 0)
        {
            throw new ArgumentException("The subset of nodes is empty; at least one is wanted.", nameof(nodes));
        }
        var position = new int[n];
        Array.Fill(position, -1);
        for (int k = 0; k < nodes.Length; k++)
        {
            if (nodes[k] < 0 || nodes[k] >= n)
            {
                throw new ArgumentException($"Node {nodes[k]} at position {k} is not in [0, {n}).", nameof(nodes));
            }
            if (position[nodes[k]] >= 0)
            {
                throw new ArgumentException($"Node {nodes[k]} occurs twice; distinct nodes are wanted.", nameof(nodes));
            }
            position[nodes[k]] = k;
        }
        return position;
    }
}
