// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// ntxent: compared with itself: 1
Tensor MyNtXent(Tensor za, Tensor zb, double tau) { long n = za.shape[0]; Tensor z = nn.functional.normalize(cat([za, zb]), dim: 1); return nn.functional.cross_entropy(z.mm(z.t()) / tau, cat([arange(n, 2 * n), arange(n)])); }

// ntxent: the other view only: 0.5
Tensor MyNtXent(Tensor za, Tensor zb, double tau) { Tensor a = nn.functional.normalize(za, dim: 1), b = nn.functional.normalize(zb, dim: 1); return nn.functional.cross_entropy(a.mm(b.t()) / tau, arange(za.shape[0])); }

// ntxent: not normalised: 0.5
Tensor MyNtXent(Tensor za, Tensor zb, double tau) { long n = za.shape[0]; Tensor z = cat([za, zb]); Tensor s = (z.mm(z.t()) / tau).masked_fill(eye(2 * n, dtype: ScalarType.Bool), double.NegativeInfinity); return nn.functional.cross_entropy(s, cat([arange(n, 2 * n), arange(n)])); }

// queue: always at the beginning: 0
(Tensor Keys, long Place) MyEnqueue(Tensor keys, long place, Tensor batch) => (cat([batch, keys.narrow(0, batch.shape[0], keys.shape[0] - batch.shape[0])]), 0);

// queue: shifted, newest first: 0
(Tensor Keys, long Place) MyEnqueue(Tensor keys, long place, Tensor batch) => (cat([batch, keys.narrow(0, 0, keys.shape[0] - batch.shape[0])]), (place + batch.shape[0]) % keys.shape[0]);

// queue: written, but the place stands still: 0
(Tensor Keys, long Place) MyEnqueue(Tensor keys, long place, Tensor batch) => (keys.index_copy(0, (arange(batch.shape[0]) + place).remainder(keys.shape[0]), batch), place);

// measures: not normalised: 0
(double Alignment, double Uniformity) MyMeasures(Tensor za, Tensor zb) { long n = za.shape[0]; Tensor d = za.unsqueeze(0) - za.unsqueeze(1); return ((za - zb).square().sum(1).mean().ToDouble(), Math.Log(((-2 * d.square().sum(2)).exp().sum().ToDouble() - n) / (n * (n - 1)))); }

// measures: the diagonal counts: 0.5
(double Alignment, double Uniformity) MyMeasures(Tensor za, Tensor zb) { Tensor a = nn.functional.normalize(za, dim: 1), b = nn.functional.normalize(zb, dim: 1); return ((a - b).square().sum(1).mean().ToDouble(), (-2 * (2 - 2 * a.mm(a.t()))).exp().mean().log().ToDouble()); }

// measures: the logarithm of each pair: 0.5
(double Alignment, double Uniformity) MyMeasures(Tensor za, Tensor zb) { Tensor a = nn.functional.normalize(za, dim: 1), b = nn.functional.normalize(zb, dim: 1); long n = a.shape[0]; return ((a - b).square().sum(1).mean().ToDouble(), (-2 * (2 - 2 * a.mm(a.t()))).sum().ToDouble() / (n * (n - 1))); }
