using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>
/// Gradients through a fixed point z* = F(z*, θ), by the implicit function theorem:
/// <code>
/// dℓ/dθ = λᵀ ∂F/∂θ     with     (I − Jᵀ)λ = ∂ℓ/∂z*,     J = ∂F/∂z at z*.
/// </code>
/// The Neumann series λ = Σ (Jᵀ)ᵏ ∂ℓ/∂z* is what backpropagation through ever more steps sums. Conjugate gradients solve the normal equations
/// (I − J)(I − Jᵀ)λ = (I − J) ∂ℓ/∂z*, and do not need J to contract.
/// </summary>
/// <remarks>Almeida 1987 and Pineda 1987, recurrent back-propagation; Liao et al. 2018. Lecture: differentiable planning.</remarks>
public static class ImplicitFixedPoint
{
    /// <summary>The same fixed point, as a function of θ.</summary>
    /// <param name="map">F: maps z [n, d] and θ to [n, d], by differentiable operations; a row depends on that row of z alone.</param>
    /// <param name="point">z*, [n, d], found by any means; its own graph, if any, is not followed.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="options">How λ is found; <see cref="ImplicitOptions.Step"/> has no meaning here.</param>
    /// <returns>z*, [n, d], through which gradients flow to θ. If I − J is singular they are NaN; <see cref="Gradient"/> would say where.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or z* is not finite.</exception>
    public static Tensor Attach(
        Func<Tensor, IReadOnlyList<Tensor>, Tensor> map, Tensor point, IReadOnlyList<Tensor> parameters, ImplicitOptions? options = null) =>
        AdjointFunction.AttachPoint(point, nameof(point), parameters, (z, theta, gradient) => Gradient(map, z, theta, gradient, options));

    /// <summary>dℓ/dθ for a given ∂ℓ/∂z*.</summary>
    /// <param name="map">F.</param>
    /// <param name="point">z*, [n, d].</param>
    /// <param name="parameters">θ.</param>
    /// <param name="gradient">∂ℓ/∂z*, [n, d].</param>
    /// <param name="options">How λ is found.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">I − J is singular.</exception>
    public static Tensor[] Gradient(
        Func<Tensor, IReadOnlyList<Tensor>, Tensor> map, Tensor point, IReadOnlyList<Tensor> parameters, Tensor gradient, ImplicitOptions? options = null)
    {
        ShapeCheck.Require(gradient, nameof(gradient), point.shape);
        ImplicitOptions how = options ?? new();
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor z = point.detach().requires_grad_();
        Tensor[] theta = [.. parameters.Select(each => each.detach().requires_grad_())];
        Tensor F = map(z, theta);
        ShapeCheck.Require(F, nameof(map), z.shape);
        F = F + 0 * (z + theta.Aggregate((Tensor)0, (sum, each) => sum + each.sum()));
        Tensor w = zeros_like(z).requires_grad_();
        // Jᵀw is linear in w: its gradient with respect to w is J.
        Tensor back = autograd.grad([F], [z], [w], retain_graph: true, create_graph: true)[0] + 0 * w;

        Tensor Transposed(Tensor v) => autograd.grad([F], [z], [v], retain_graph: true)[0];
        Tensor Forwards(Tensor v) => autograd.grad([back], [w], [v], retain_graph: true)[0];
        Tensor right = gradient.detach();
        Tensor Normal(Tensor p)
        {
            Tensor q = p - Transposed(p);
            return q - Forwards(q);
        }
        Tensor lambda = how.Solver == AdjointSolver.ConjugateGradients
            ? ConjugateGradients.Solve(Normal, right - Forwards(right), how.Iterations, how.Tolerance).x
            : NeumannSeries.Sum(Transposed, right, how.Iterations);
        return [.. autograd.grad([F], theta, [lambda]).Select(each => each.detach().MoveToOuterDisposeScope())];
    }
}
