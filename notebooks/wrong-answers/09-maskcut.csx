// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// graph: products of vectors that are no unit vectors: 0
Tensor MyGraph(Tensor k, bool[] taken, double tau, double epsilon) { Tensor free = k.to(float64) * tensor(taken).logical_not().to(float64).unsqueeze(1); return where(free.mm(free.t()) > tau, tensor(1.0), tensor(epsilon)); }

// graph: what is taken stays in: 1
Tensor MyGraph(Tensor k, bool[] taken, double tau, double epsilon) { Tensor unit = nn.functional.normalize(k.to(float64), dim: 1); return where(unit.mm(unit.t()) > tau, tensor(1.0), tensor(epsilon)); }

// graph: the cosine itself above the threshold: 0.5
Tensor MyGraph(Tensor k, bool[] taken, double tau, double epsilon) { Tensor unit = nn.functional.normalize(k.to(float64), dim: 1), cos = unit.mm(unit.t()); return where(cos > tau, cos, tensor(epsilon)); }

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
