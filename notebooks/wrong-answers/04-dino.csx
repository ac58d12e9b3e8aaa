// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// dino: teacher and student of the same view: 1
Tensor MyDinoLoss(Tensor student, Tensor teacher, Tensor centre, double tauS, double tauT) { Tensor P = ((teacher - centre) / tauT).softmax(-1); return -(P * (student / tauS).log_softmax(-1)).sum(-1).mean(); }

// dino: not centred: 0.5
Tensor MyDinoLoss(Tensor student, Tensor teacher, Tensor centre, double tauS, double tauT) { Tensor P = (teacher / tauT).softmax(-1); return -(P * (student / tauS).log_softmax(-1).flip(0)).sum(-1).mean(); }

// dino: the temperatures exchanged: 1
Tensor MyDinoLoss(Tensor student, Tensor teacher, Tensor centre, double tauS, double tauT) { Tensor P = ((teacher - centre) / tauS).softmax(-1); return -(P * (student / tauT).log_softmax(-1).flip(0)).sum(-1).mean(); }

// centre: the momentum on the wrong side: 0
Tensor MyCentre(Tensor centre, Tensor teacher, double m) => (1 - m) * centre + m * teacher.mean([0L, 1L]);

// centre: one number for all prototypes: 0
Tensor MyCentre(Tensor centre, Tensor teacher, double m) => m * centre + (1 - m) * teacher.mean();

// centre: the first view only: 0
Tensor MyCentre(Tensor centre, Tensor teacher, double m) => m * centre + (1 - m) * teacher[0].mean([0L]);

// gradient: the sign: 0.5
Tensor MyGradient(Tensor student, Tensor P, double tauS) => (P - (student / tauS).softmax(-1)) / (tauS * student.shape[0]);

// gradient: the temperature forgotten: 0.5
Tensor MyGradient(Tensor student, Tensor P, double tauS) => ((student / tauS).softmax(-1) - P) / student.shape[0];

// gradient: the mean over pictures forgotten: 0.5
Tensor MyGradient(Tensor student, Tensor P, double tauS) => ((student / tauS).softmax(-1) - P) / tauS;
