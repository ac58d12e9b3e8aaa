// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// simsiam: its own view: 0.5
(double Loss, Tensor Gradient) MySimSiam(Tensor p1, Tensor p2, Tensor z1, Tensor z2) { Tensor p = p1.detach().clone().requires_grad_(); Tensor D(Tensor a, Tensor b) => -nn.functional.cosine_similarity(a, b.detach(), 1).mean(); Tensor loss = 0.5 * D(p, z1) + 0.5 * D(p2, z2); loss.backward(); return (loss.ToDouble(), p.grad!); }

// simsiam: inner products without normalising: 0
(double Loss, Tensor Gradient) MySimSiam(Tensor p1, Tensor p2, Tensor z1, Tensor z2) { Tensor p = p1.detach().clone().requires_grad_(); Tensor loss = -0.5 * (p * z2).sum(1).mean() - 0.5 * (p2 * z1).sum(1).mean(); loss.backward(); return (loss.ToDouble(), p.grad!); }

// simsiam: one direction only: 0.5
(double Loss, Tensor Gradient) MySimSiam(Tensor p1, Tensor p2, Tensor z1, Tensor z2) { Tensor p = p1.detach().clone().requires_grad_(); Tensor loss = -nn.functional.cosine_similarity(p, z2, 1).mean(); loss.backward(); return (loss.ToDouble(), p.grad!); }

// covariance: the diagonal counts too: 0.5
double MyCovariance(Tensor z) { Tensor c = z - z.mean([0L], keepdim: true); return (c.t().mm(c) / (z.shape[0] - 1)).square().sum().ToDouble() / z.shape[1]; }

// covariance: not centred: 0
double MyCovariance(Tensor z) { Tensor C = z.t().mm(z) / (z.shape[0] - 1); return (C.square().sum() - C.diagonal().square().sum()).ToDouble() / z.shape[1]; }

// covariance: divided by n: 0.5
double MyCovariance(Tensor z) { Tensor c = z - z.mean([0L], keepdim: true); Tensor C = c.t().mm(c) / z.shape[0]; return (C.square().sum() - C.diagonal().square().sum()).ToDouble() / z.shape[1]; }

// correlation: not standardised: 0
Tensor MyCorrelation(Tensor za, Tensor zb) => za.t().mm(zb) / za.shape[0];

// correlation: the views exchanged: 0.5
Tensor MyCorrelation(Tensor za, Tensor zb) { Tensor S(Tensor z) => (z - z.mean([0L], keepdim: true)) / z.std(0, unbiased: false, keepdim: true); return S(zb).t().mm(S(za)) / za.shape[0]; }

// correlation: divided by n - 1: 0
Tensor MyCorrelation(Tensor za, Tensor zb) { Tensor S(Tensor z) => (z - z.mean([0L], keepdim: true)) / z.std(0, unbiased: false, keepdim: true); return S(za).t().mm(S(zb)) / (za.shape[0] - 1); }
