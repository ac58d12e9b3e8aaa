// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// votes: over the inputs: 0.5
Tensor MyWeights(Tensor q, Tensor k, double epsilon) { Tensor a = softmax(q.mm(k.t()) / Math.Sqrt(q.shape[1]), 1) + epsilon; return a / a.sum(1, keepdim: true); }

// votes: not divided by the sum: 0
Tensor MyWeights(Tensor q, Tensor k, double epsilon) => softmax(q.mm(k.t()) / Math.Sqrt(q.shape[1]), 0) + epsilon;

// votes: not divided by √D: 1
Tensor MyWeights(Tensor q, Tensor k, double epsilon) { Tensor a = softmax(q.mm(k.t()), 0) + epsilon; return a / a.sum(1, keepdim: true); }

// mix: masks by a sigmoid: 0
Tensor MyScene(Tensor images, Tensor alpha) => (images * alpha.sigmoid().unsqueeze(1)).sum(dim: 0);

// mix: the winner takes all: 1
Tensor MyScene(Tensor images, Tensor alpha) => (images * alpha.eq(alpha.amax([0L], keepdim: true)).unsqueeze(1)).sum(dim: 0);

// mix: the softmax runs along the rows of the image: 0.5
Tensor MyScene(Tensor images, Tensor alpha) => (images * softmax(alpha, -1).unsqueeze(1)).sum(dim: 0);

// ari: chance is not taken away: 0.5
double MyAri(long[] truth, long[] found) { double P(IEnumerable<int> c) => c.Sum(n => n * (n - 1) / 2.0); return P(truth.Zip(found).GroupBy(v => v).Select(g => g.Count())) / ((P(truth.GroupBy(v => v).Select(g => g.Count())) + P(found.GroupBy(v => v).Select(g => g.Count()))) / 2); }

// ari: the share of equal labels: 0
double MyAri(long[] truth, long[] found) => truth.Zip(found).Count(p => p.First == p.Second) / (double)truth.Length;

// ari: the larger of the two counts in place of their mean: 1
double MyAri(long[] truth, long[] found) { double P(IEnumerable<int> c) => c.Sum(n => n * (n - 1) / 2.0); double a = P(truth.GroupBy(v => v).Select(g => g.Count())), b = P(found.GroupBy(v => v).Select(g => g.Count())), e = a * b / P([truth.Length]); return (P(truth.Zip(found).GroupBy(v => v).Select(g => g.Count())) - e) / (Math.Max(a, b) - e); }
