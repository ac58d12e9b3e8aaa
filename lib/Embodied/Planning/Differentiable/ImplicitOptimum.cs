using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>
/// Gradients through z* = argmin_z E(z, θ), without the way by which z* was found. At the optimum ∇_z E(z*, θ) = 0 for every θ; differentiate that:
/// <code>
/// H dz* + (∂²E/∂z∂θ) dθ = 0,     so     dℓ/dθ = −λᵀ ∂²E/∂z∂θ     with     Hλ = ∂ℓ/∂z*,     H = ∂²E/∂z².
/// </code>
/// H is symmetric and, at a minimum, positive: conjugate gradients solve for λ by products Hp, each one backward pass through a gradient. Memory is that
/// of one evaluation of E, however many iterations led to z*.
/// </summary>
/// <remarks>Liao et al. 2018, <i>Reviving and improving recurrent back-propagation</i>; Griewank &amp; Walther 2008. Lecture: differentiable planning.</remarks>
public static class ImplicitOptimum
{
    /// <summary>The same optimum, as a function of θ.</summary>
    /// <param name="cost">E: maps z [n, d] and θ to [n], by differentiable operations; a row's cost depends on that row of z alone.</param>
    /// <param name="optimum">z*, [n, d], found by any means; its own graph, if any, is not followed.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="options">How λ is found.</param>
    /// <returns>z*, [n, d], through which gradients flow to θ. If H is not positive definite they are NaN; <see cref="Gradient"/> would say where.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or z* is not finite.</exception>
    public static Tensor Attach(
        Func<Tensor, IReadOnlyList<Tensor>, Tensor> cost, Tensor optimum, IReadOnlyList<Tensor> parameters, ImplicitOptions? options = null) =>
        AdjointFunction.AttachPoint(optimum, nameof(optimum), parameters, (z, theta, gradient) => Gradient(cost, z, theta, gradient, options));

    /// <summary>dℓ/dθ for a given ∂ℓ/∂z*.</summary>
    /// <param name="cost">E.</param>
    /// <param name="optimum">z*, [n, d].</param>
    /// <param name="parameters">θ.</param>
    /// <param name="gradient">∂ℓ/∂z*, [n, d].</param>
    /// <param name="options">How λ is found.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">H is not positive definite.</exception>
    public static Tensor[] Gradient(
        Func<Tensor, IReadOnlyList<Tensor>, Tensor> cost, Tensor optimum, IReadOnlyList<Tensor> parameters, Tensor gradient, ImplicitOptions? options = null)
    {
        ShapeCheck.Require(gradient, nameof(gradient), optimum.shape);
        ImplicitOptions how = options ?? new();
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor z = optimum.detach().requires_grad_();
        Tensor[] theta = [.. parameters.Select(each => each.detach().requires_grad_())];
        Tensor E = cost(z, theta);
        ShapeCheck.Require(E, nameof(cost), z.shape[0]);
        // What a cost does not depend on has gradient 0, where autograd would refuse to give any.
        Tensor nothing = 0 * (z.square().sum() + theta.Aggregate((Tensor)0, (sum, each) => sum + each.square().sum()));
        Tensor slope = autograd.grad([E.sum() + nothing], [z], retain_graph: true, create_graph: true)[0] + 0 * nothing;

        Tensor Product(Tensor p) => autograd.grad([slope], [z], [p], retain_graph: true)[0];
        Tensor lambda = how.Solver == AdjointSolver.ConjugateGradients
            ? ConjugateGradients.Solve(Product, gradient.detach(), how.Iterations, how.Tolerance).x
            : how.Step * NeumannSeries.Sum(w => w - how.Step * Product(w), gradient.detach(), how.Iterations);
        return [.. autograd.grad([slope], theta, [-lambda]).Select(each => each.detach().MoveToOuterDisposeScope())];
    }
}
