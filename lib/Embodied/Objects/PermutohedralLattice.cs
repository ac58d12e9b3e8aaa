using System.Runtime.InteropServices;

namespace Embodied.Objects;

/// <summary>
/// Gaussian filtering in d dimensions in time linear in the points, y_i ≈ Σ_j exp(−‖f_i − f_j‖²/2) x_j: values are spread onto the corners of the simplices of a
/// lattice in which the points lie (splat), blurred along the lattice's d + 1 directions, and read off again (slice).
/// </summary>
/// <remarks>
/// Adams, Baek and Davis, <i>Fast high-dimensional filtering using the permutohedral lattice</i>, 2010. A grid of cubes would give each point 2^d corners,
/// this one d + 1. The blur (1/2, 1, 1/2) is a Gaussian but for its tails, so sums are right to some percent where many points share a neighbourhood; dividing by the
/// filtered 1 takes most of the error away. Only lattice points that touch a point are kept: what would flow on through others is lost.
/// </remarks>
public sealed class PermutohedralLattice : ISymmetricOperator
{
    private readonly int d;
    private readonly int[] corners;        // [n, d + 1]: the lattice points around each point
    private readonly float[] weights;      // [n, d + 1]: the point's barycentric coordinates
    private readonly int[] neighbours;     // [d + 1, 2, m]: either side along each direction, m where there is none
    private readonly int points;

    /// <summary>Lays the points into the lattice.</summary>
    /// <param name="features">f, [n, d] row by row, in units of the Gaussian's deviation; d at most 7.</param>
    /// <param name="dimensions">d.</param>
    /// <exception cref="ArgumentException">The length is not a positive multiple of d, or a number is not finite or too large.</exception>
    public PermutohedralLattice(float[] features, int dimensions)
    {
        d = dimensions;
        if (d is < 1 or > 7 || features.Length == 0 || features.Length % d != 0)
        {
            throw new ArgumentException($"There are {features.Length} numbers in {d} dimensions; a positive multiple of 1 to 7 dimensions is wanted.", nameof(features));
        }
        Size = features.Length / d;
        corners = new int[Size * (d + 1)];
        weights = new float[Size * (d + 1)];
        Dictionary<UInt128, int> places = new(Size);
        List<UInt128> keys = [];

        Span<float> elevated = stackalloc float[d + 1], barycentric = stackalloc float[d + 2], scale = stackalloc float[d];
        Span<int> origin = stackalloc int[d + 1], rank = stackalloc int[d + 1];
        for (int k = 0; k < d; k++)
        {
            // The blur's variance is (d + 1)² · 2/3 in the lattice's units; the rest makes the embedding below an isometry.
            scale[k] = (float)((d + 1) * Math.Sqrt(2.0 / 3) / Math.Sqrt((k + 1.0) * (k + 2)));
        }
        for (int i = 0; i < Size; i++)
        {
            Elevate(features.AsSpan(i * d, d), scale, elevated);
            Locate(elevated, origin, rank, barycentric);
            for (int corner = 0; corner <= d; corner++)
            {
                UInt128 key = 0;
                for (int k = 0; k < d; k++)
                {
                    // Corner r of the canonical simplex is (r, …, r, r − d − 1, …), in the order of the ranks; the last coordinate follows, the sum being 0.
                    int at = origin[k] + corner - (rank[k] > d - corner ? d + 1 : 0);
                    key = key << 16 | (ushort)at;
                }
                ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(places, key, out bool known);
                if (!known)
                {
                    place = keys.Count;
                    keys.Add(key);
                }
                corners[i * (d + 1) + corner] = place;
                weights[i * (d + 1) + corner] = barycentric[corner];
            }
        }
        points = keys.Count;
        neighbours = Neighbours(places, keys);
    }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>How many lattice points are kept.</summary>
    public int LatticePoints => points;

    /// <inheritdoc/>
    public void Apply(double[] x, double[] y)
    {
        // One more at the end, always 0: the neighbour that is not there.
        float[] values = new float[points + 1], blurred = new float[points + 1];
        for (int i = 0, at = 0; i < Size; i++)
        {
            for (int corner = 0; corner <= d; corner++, at++)
            {
                values[corners[at]] += (float)x[i] * weights[at];
            }
        }
        for (int axis = 0; axis <= d; axis++)
        {
            ReadOnlySpan<int> below = neighbours.AsSpan(2 * axis * points, points), above = neighbours.AsSpan((2 * axis + 1) * points, points);
            for (int p = 0; p < points; p++)
            {
                blurred[p] = values[p] + 0.5f * (values[below[p]] + values[above[p]]);
            }
            (values, blurred) = (blurred, values);
        }
        double gain = 1 / (1 + Math.Pow(2, -d));
        for (int i = 0, at = 0; i < Size; i++)
        {
            float sum = 0;
            for (int corner = 0; corner <= d; corner++, at++)
            {
                sum += values[corners[at]] * weights[at];
            }
            y[i] = gain * sum;
        }
    }

    // Into the hyperplane of d + 1 coordinates whose sum is 0, by orthogonal columns (1, …, 1, −k, 0, …, 0).
    private void Elevate(ReadOnlySpan<float> f, ReadOnlySpan<float> scale, Span<float> elevated)
    {
        float sum = 0;
        for (int k = d; k > 0; k--)
        {
            float c = f[k - 1] * scale[k - 1];
            elevated[k] = sum - k * c;
            sum += c;
        }
        elevated[0] = sum;
        if (!(Math.Abs(sum) < 16_000) || elevated.ContainsAnyExceptInRange(-16_000f, 16_000f))
        {
            throw new ArgumentException("A feature is not finite, or thousands of deviations large; smaller numbers are wanted.", nameof(f));
        }
    }

    // The simplex: its corner of remainder 0, the order of the coordinates' distances from it, and the barycentric coordinates.
    private void Locate(ReadOnlySpan<float> elevated, Span<int> origin, Span<int> rank, Span<float> barycentric)
    {
        int sum = 0;
        for (int k = 0; k <= d; k++)
        {
            int nearest = (int)MathF.Round(elevated[k] / (d + 1));
            origin[k] = nearest * (d + 1);
            sum += nearest;
        }
        rank.Clear();
        for (int a = 0; a < d; a++)
        {
            for (int b = a + 1; b <= d; b++)
            {
                rank[elevated[a] - origin[a] < elevated[b] - origin[b] ? a : b]++;
            }
        }
        // Rounded coordinates need not sum to 0: those that were rounded most go back.
        for (int k = 0; k <= d; k++)
        {
            rank[k] += sum;
            int turn = rank[k] < 0 ? d + 1 : rank[k] > d ? -d - 1 : 0;
            rank[k] += turn;
            origin[k] += turn;
        }
        barycentric.Clear();
        for (int k = 0; k <= d; k++)
        {
            float share = (elevated[k] - origin[k]) / (d + 1);
            barycentric[d - rank[k]] += share;
            barycentric[d + 1 - rank[k]] -= share;
        }
        barycentric[0] += 1 + barycentric[d + 1];
    }

    private int[] Neighbours(Dictionary<UInt128, int> places, List<UInt128> keys)
    {
        int[] found = new int[2 * (d + 1) * points];
        Span<int> coordinates = stackalloc int[d];
        for (int p = 0; p < points; p++)
        {
            for (int k = 0; k < d; k++)
            {
                coordinates[k] = (short)(ushort)(keys[p] >> (16 * (d - 1 - k)));
            }
            for (int axis = 0; axis <= d; axis++)
            {
                for (int side = 0; side < 2; side++)
                {
                    int step = 2 * side - 1;
                    UInt128 key = 0;
                    for (int k = 0; k < d; k++)
                    {
                        key = key << 16 | (ushort)(coordinates[k] + (k == axis ? -step * d : step));
                    }
                    found[(2 * axis + side) * points + p] = places.TryGetValue(key, out int there) ? there : points;
                }
            }
        }
        return found;
    }
}
