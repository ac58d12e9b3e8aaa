// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// free-energy: the sign of the visible biases: 0.5
Tensor MyFreeEnergy(Tensor W, Tensor b, Tensor c, Tensor v) => v.mv(b) - nn.functional.softplus(v.mm(W) + c).sum(1);

// free-energy: summed over the wrong axis: 0
Tensor MyFreeEnergy(Tensor W, Tensor b, Tensor c, Tensor v) => -v.mv(b).sum() - nn.functional.softplus(v.mm(W) + c).sum(0);

// free-energy: log(1 + exp(x)) overflows: 1.5
Tensor MyFreeEnergy(Tensor W, Tensor b, Tensor c, Tensor v) => -v.mv(b) - (1 + (v.mm(W) + c).exp()).log().sum(1);

// cd: the sign: 0.5
Tensor MyContrastiveGradient(Tensor W, Tensor c, Tensor v0, Tensor vk) { Tensor A(Tensor v) => v.t().mm((v.mm(W) + c).sigmoid()) / v.shape[0]; return A(vk) - A(v0); }

// cd: no negative phase: 0.5
Tensor MyContrastiveGradient(Tensor W, Tensor c, Tensor v0, Tensor vk) => v0.t().mm((v0.mm(W) + c).sigmoid()) / v0.shape[0];

// cd: both averages divided by the number of data: 0.5
Tensor MyContrastiveGradient(Tensor W, Tensor c, Tensor v0, Tensor vk) { Tensor A(Tensor v) => v.t().mm((v.mm(W) + c).sigmoid()) / v0.shape[0]; return A(v0) - A(vk); }

// cd: transposed: 0
Tensor MyContrastiveGradient(Tensor W, Tensor c, Tensor v0, Tensor vk) { Tensor A(Tensor v) => (v.mm(W) + c).sigmoid().t().mm(v) / v.shape[0]; return A(v0) - A(vk); }

// langevin: uphill: 0
Tensor MyLangevinStep(Tensor x, Tensor gradient, double lambda, Tensor epsilon) => x + lambda / 2 * gradient + Math.Sqrt(lambda) * epsilon;

// langevin: noise of deviation λ: 1
Tensor MyLangevinStep(Tensor x, Tensor gradient, double lambda, Tensor epsilon) => x - lambda / 2 * gradient + lambda * epsilon;

// langevin: no half: 0
Tensor MyLangevinStep(Tensor x, Tensor gradient, double lambda, Tensor epsilon) => x - lambda * gradient + Math.Sqrt(lambda) * epsilon;
