// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// discretise: Euler's step: 0
(Tensor Ad, Tensor Bd) MyDiscretise(Tensor A, Tensor B, double h) => (eye(A.shape[0], dtype: float64) + h * A, h * B);

// discretise: the control acts as if the state stood still: 1
(Tensor Ad, Tensor Bd) MyDiscretise(Tensor A, Tensor B, double h) { Tensor E = eye(A.shape[0], dtype: float64), term = E; for (int k = 1; k <= 60; k++) { term = term.mm(h * A) / k; E = E + term; } return (E, h * B); }

// discretise: by the inverse of A, which a pushed mass has not: 1.5
(Tensor Ad, Tensor Bd) MyDiscretise(Tensor A, Tensor B, double h) { Tensor I = eye(A.shape[0], dtype: float64), E = I, term = E; for (int k = 1; k <= 60; k++) { term = term.mm(h * A) / k; E = E + term; } return (E, linalg.inv(A).mm(E - I).mm(B)); }

// discretise: the exponential of each entry: 0
(Tensor Ad, Tensor Bd) MyDiscretise(Tensor A, Tensor B, double h) => ((h * A).exp(), h * B);

// riccati: no cross term: 1
(Tensor K, Tensor V) MyRiccatiStep(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor S, Tensor V) { Tensor W = B.t().mm(V).mm(A); Tensor K = -linalg.solve(R + B.t().mm(V).mm(B), W); return (K, Q + A.t().mm(V).mm(A) + W.t().mm(K)); }

// riccati: the cross term with the wrong sign: 1
(Tensor K, Tensor V) MyRiccatiStep(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor S, Tensor V) { Tensor W = B.t().mm(V).mm(A) - S; Tensor K = -linalg.solve(R + B.t().mm(V).mm(B), W); return (K, Q + A.t().mm(V).mm(A) + W.t().mm(K)); }

// riccati: the cross term in the gain alone: 2
(Tensor K, Tensor V) MyRiccatiStep(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor S, Tensor V) { Tensor W = B.t().mm(V).mm(A); Tensor K = -linalg.solve(R + B.t().mm(V).mm(B), W + S); return (K, Q + A.t().mm(V).mm(A) + W.t().mm(K)); }

// riccati: A where its transpose belongs: 0
(Tensor K, Tensor V) MyRiccatiStep(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor S, Tensor V) { Tensor W = S + B.t().mm(V).mm(A.t()); Tensor K = -linalg.solve(R + B.t().mm(V).mm(B), W); return (K, Q + A.mm(V).mm(A.t()) + W.t().mm(K)); }

// limits: no limits: 0.5
(double k, double[] K) MyLimitedStep(double Wuu, double[] Wux, double wu, double low, double high) => (-wu / Wuu, [.. Wux.Select(w => -w / Wuu)]);

// limits: feedback on a limit: 1.5
(double k, double[] K) MyLimitedStep(double Wuu, double[] Wux, double wu, double low, double high) => (Math.Clamp(-wu / Wuu, low, high), [.. Wux.Select(w => -w / Wuu)]);

// limits: never any feedback: 1.5
(double k, double[] K) MyLimitedStep(double Wuu, double[] Wux, double wu, double low, double high) => (Math.Clamp(-wu / Wuu, low, high), new double[Wux.Length]);

// limits: uphill: 0.5
(double k, double[] K) MyLimitedStep(double Wuu, double[] Wux, double wu, double low, double high) { double k = Math.Clamp(wu / Wuu, low, high); return (k, [.. Wux.Select(w => k > low && k < high ? -w / Wuu : 0)]); }
