// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// ncut: the bare cut: 0.5
double MyNcut(Tensor W, Tensor inA) { Tensor a = inA.to(float64); return a.dot(W.mv(1 - a)).item<double>(); }

// ncut: divided by ties within the side: 0.5
double MyNcut(Tensor W, Tensor inA) { Tensor a = inA.to(float64), b = 1 - a; double cut = a.dot(W.mv(b)).item<double>(); return cut / a.dot(W.mv(a)).item<double>() + cut / b.dot(W.mv(b)).item<double>(); }

// ncut: only one side: 0
double MyNcut(Tensor W, Tensor inA) { Tensor a = inA.to(float64); return a.dot(W.mv(1 - a)).item<double>() / W.sum(1).dot(a).item<double>(); }

// predict: the sign: 1
(double Lambda2, double Ratio) MyPrediction(int first, int second) => (0, second * (second - 1.0) / (first * (first - 1.0)));

// predict: nodes in place of degrees: 1
(double Lambda2, double Ratio) MyPrediction(int first, int second) => (0, -(double)second / first);

// predict: upside down: 1
(double Lambda2, double Ratio) MyPrediction(int first, int second) => (0, -first * (first - 1.0) / (second * (second - 1.0)));

// recursion: one cut, no recursion: 0.5
int[] MyRecursiveCut(ISymmetricOperator w, double maxNcut) => [.. NormalizedCut.Split(w, NormalizedCut.Solve(w).Vectors[0]).InA.Select(a => a ? 0 : 1)];

// recursion: every node for itself: 0.5
int[] MyRecursiveCut(ISymmetricOperator w, double maxNcut) => [.. Enumerable.Range(0, w.Size)];

// recursion: nothing is cut: 1
int[] MyRecursiveCut(ISymmetricOperator w, double maxNcut) => new int[w.Size];
