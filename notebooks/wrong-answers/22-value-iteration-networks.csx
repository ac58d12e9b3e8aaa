// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// sweep: no discount: 1
Tensor MySweep(Tensor P, Tensor R, double gamma, Tensor V) => (R + (P * V).sum(2)).amax([0L]);

// sweep: the future is that of where one comes from: 0.5
Tensor MySweep(Tensor P, Tensor R, double gamma, Tensor V) => (R + gamma * (P.transpose(1, 2) * V).sum(2)).amax([0L]);

// sweep: the agent chooses where chance leads: 0.5
Tensor MySweep(Tensor P, Tensor R, double gamma, Tensor V) => (R + gamma * (P.gt(0).to(float64) * V).amax([2L])).amax([0L]);

// sweep: the mean of the actions: 0.5
Tensor MySweep(Tensor P, Tensor R, double gamma, Tensor V) => (R + gamma * (P * V).sum(2)).mean([0L]);

// module: one sweep too many: 1
Tensor MyModule(Tensor R, Tensor W, int K) { Tensor V = zeros_like(R); for (int k = 0; k <= K; k++) { V = nn.functional.conv2d(cat([R, V], 1), W, padding: [1L, 1L]).amax([1L], keepdim: true); } return V.squeeze(1); }

// module: reward and value change places: 0.5
Tensor MyModule(Tensor R, Tensor W, int K) { Tensor V = zeros_like(R); for (int k = 0; k < K; k++) { V = nn.functional.conv2d(cat([V, R], 1), W, padding: [1L, 1L]).amax([1L], keepdim: true); } return V.squeeze(1); }

// module: the reward is read once: 1.5
Tensor MyModule(Tensor R, Tensor W, int K) { Tensor V = zeros_like(R); for (int k = 0; k < K; k++) { V = nn.functional.conv2d(cat([k == 0 ? R : zeros_like(R), V], 1), W, padding: [1L, 1L]).amax([1L], keepdim: true); } return V.squeeze(1); }

// module: a sum over channels: 0.5
Tensor MyModule(Tensor R, Tensor W, int K) { Tensor V = zeros_like(R); for (int k = 0; k < K; k++) { V = nn.functional.conv2d(cat([R, V], 1), W, padding: [1L, 1L]).sum(1, keepdim: true); } return V.squeeze(1); }

// glance: column before row: 0.5
Tensor MyPolicy(Tensor Q, Tensor states, Tensor W) { Tensor flat = Q.permute(0, 3, 2, 1).reshape(-1, Q.shape[1]); Tensor index = (states[.., 0] * Q.shape[2] + states[.., 1]) * Q.shape[3] + states[.., 2]; return softmax(flat.index_select(0, index).mm(W.t()), 1); }

// glance: the softmax over states: 0
Tensor MyPolicy(Tensor Q, Tensor states, Tensor W) { Tensor flat = Q.permute(0, 2, 3, 1).reshape(-1, Q.shape[1]); Tensor index = (states[.., 0] * Q.shape[2] + states[.., 1]) * Q.shape[3] + states[.., 2]; return softmax(flat.index_select(0, index).mm(W.t()), 0); }

// glance: none, the mean of the map: 0.5
Tensor MyPolicy(Tensor Q, Tensor states, Tensor W) => softmax(Q.mean([2L, 3L]).index_select(0, states[.., 0]).mm(W.t()), 1);

// glance: always the first map: 0.5
Tensor MyPolicy(Tensor Q, Tensor states, Tensor W) { Tensor flat = Q.permute(0, 2, 3, 1).reshape(-1, Q.shape[1]); Tensor index = states[.., 1] * Q.shape[3] + states[.., 2]; return softmax(flat.index_select(0, index).mm(W.t()), 1); }
