// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// side: always the upper one: 0.5
bool[] MySide(double[] y, int height, int width) { double mean = y.Average(); return y.Select(v => v > mean).ToArray(); }

// side: the one with the corners: 0.5
bool[] MySide(double[] y, int height, int width) { double mean = y.Average(); int corners = new[] { 0, width - 1, (height - 1) * width, height * width - 1 }.Count(c => y[c] > mean); return y.Select(v => v > mean == corners >= 2).ToArray(); }

// side: the corners alone: 1.5
bool[] MySide(double[] y, int height, int width) { double mean = y.Average(); int corners = new[] { 0, width - 1, (height - 1) * width, height * width - 1 }.Count(c => y[c] > mean); return y.Select(v => v > mean != corners >= 3).ToArray(); }

// side: cut at zero: 0
bool[] MySide(double[] y, int height, int width) { int corners = new[] { 0, width - 1, (height - 1) * width, height * width - 1 }.Count(c => y[c] > 0.6); return y.Select(v => v > 0.6 != corners >= 3).ToArray(); }

// field: a pixel listens to itself: 0.5
Tensor MyRound(Tensor p, Tensor Q, Tensor K) => ((p / (1 - p)).log() + K.mv(2 * Q - 1)).sigmoid();

// field: only those who say yes count: 0.5
Tensor MyRound(Tensor p, Tensor Q, Tensor K) => ((p / (1 - p)).log() + (K - K.diagonal().diag()).mv(Q)).sigmoid();

// field: the sign: 1
Tensor MyRound(Tensor p, Tensor Q, Tensor K) => ((p / (1 - p)).log() - (K - K.diagonal().diag()).mv(2 * Q - 1)).sigmoid();

// droploss: the wrong side is dropped: 0
Tensor MyDropLoss(Tensor losses, Tensor regions, Tensor labels, double tau) { Tensor a = regions.to(float64).flatten(2), b = labels.to(float64).flatten(2), both = a.bmm(b.transpose(1, 2)); return (losses * (both / (a.sum(2).unsqueeze(2) + b.sum(2).unsqueeze(1) - both).clamp_min(1)).amax([2L]).le(tau)).sum(); }

// droploss: the least overlap in place of the greatest: 0.5
Tensor MyDropLoss(Tensor losses, Tensor regions, Tensor labels, double tau) { Tensor a = regions.to(float64).flatten(2), b = labels.to(float64).flatten(2), both = a.bmm(b.transpose(1, 2)); return (losses * (both / (a.sum(2).unsqueeze(2) + b.sum(2).unsqueeze(1) - both).clamp_min(1)).amin([2L]).gt(tau)).sum(); }

// droploss: labels of all images together: 1
Tensor MyDropLoss(Tensor losses, Tensor regions, Tensor labels, double tau) { Tensor a = regions.to(float64).flatten(2), b = labels.to(float64).flatten(2).flatten(0, 1), both = a.flatten(0, 1).mm(b.t()); return (losses * (both / (a.flatten(0, 1).sum(1).unsqueeze(1) + b.sum(1).unsqueeze(0) - both).clamp_min(1)).amax([1L]).view(losses.shape).gt(tau)).sum(); }

// droploss: nothing is dropped: 0.5
Tensor MyDropLoss(Tensor losses, Tensor regions, Tensor labels, double tau) => losses.sum();
