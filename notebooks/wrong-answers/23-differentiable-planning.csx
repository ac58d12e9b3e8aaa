// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// series: the step is forgotten: 0.5
Tensor MyTruncated(Tensor H, Tensor g, double alpha, int terms) { Tensor sum = zeros_like(g), term = g; for (int k = 0; k < terms; k++) { sum = sum + term; term = term - alpha * H.mv(term); } return sum; }

// series: one term too many: 0.5
Tensor MyTruncated(Tensor H, Tensor g, double alpha, int terms) { Tensor sum = zeros_like(g), term = g; for (int k = 0; k <= terms; k++) { sum = sum + term; term = term - alpha * H.mv(term); } return alpha * sum; }

// series: powers of I + αH: 1
Tensor MyTruncated(Tensor H, Tensor g, double alpha, int terms) { Tensor sum = zeros_like(g), term = g; for (int k = 0; k < terms; k++) { sum = sum + term; term = term + alpha * H.mv(term); } return alpha * sum; }

// series: the whole series whatever was asked: 0.5
Tensor MyTruncated(Tensor H, Tensor g, double alpha, int terms) => linalg.solve(H, g);

// adjoint: as if there were no constraints: 0
(Tensor dc, Tensor db, Tensor dA) MyQpAdjoint(Tensor Q, Tensor A, Tensor z, Tensor nu, Tensor g) => (-linalg.solve(Q, g), zeros_like(nu), zeros_like(A));

// adjoint: b with the wrong sign: 2
(Tensor dc, Tensor db, Tensor dA) MyQpAdjoint(Tensor Q, Tensor A, Tensor z, Tensor nu, Tensor g) { int d = (int)z.shape[0], m = (int)nu.shape[0]; Tensor K = cat([cat([Q, A.t()], 1), cat([A, zeros(m, m, dtype: float64)], 1)], 0); Tensor v = linalg.solve(K, cat([-g, zeros(m, dtype: float64)])); return (v[..d], v[d..], outer(v[d..], z) + outer(nu, v[..d])); }

// adjoint: A as if it stood in the KKT matrix once: 2
(Tensor dc, Tensor db, Tensor dA) MyQpAdjoint(Tensor Q, Tensor A, Tensor z, Tensor nu, Tensor g) { int d = (int)z.shape[0], m = (int)nu.shape[0]; Tensor K = cat([cat([Q, A.t()], 1), cat([A, zeros(m, m, dtype: float64)], 1)], 0); Tensor v = linalg.solve(K, cat([-g, zeros(m, dtype: float64)])); return (v[..d], -v[d..], outer(v[d..], z)); }

// adjoint: uphill: 0
(Tensor dc, Tensor db, Tensor dA) MyQpAdjoint(Tensor Q, Tensor A, Tensor z, Tensor nu, Tensor g) { int d = (int)z.shape[0], m = (int)nu.shape[0]; Tensor K = cat([cat([Q, A.t()], 1), cat([A, zeros(m, m, dtype: float64)], 1)], 0); Tensor v = linalg.solve(K, cat([g, zeros(m, dtype: float64)])); return (v[..d], -v[d..], outer(v[d..], z) + outer(nu, v[..d])); }

// held: no limits: 0.5
Tensor MyHeldGradient(Tensor H, Tensor q, Tensor u, Tensor g) => -linalg.solve(H, g);

// held: held entries struck out of the answer, though not of H: 1
Tensor MyHeldGradient(Tensor H, Tensor q, Tensor u, Tensor g) => -linalg.solve(H, g) * (H.mv(u) + q).abs().lt(1e-6).to(float64);

// held: a part of the inverse in place of the inverse of a part: 1
Tensor MyHeldGradient(Tensor H, Tensor q, Tensor u, Tensor g) { Tensor free = (H.mv(u) + q).abs().lt(1e-6).to(float64); return -linalg.inv(H).mv(g * free) * free; }

// held: uphill: 0.5
Tensor MyHeldGradient(Tensor H, Tensor q, Tensor u, Tensor g) { Tensor free = (H.mv(u) + q).abs().lt(1e-6).to(float64); Tensor part = H * outer(free, free) + diag(1 - free); return linalg.solve(part, g * free); }
