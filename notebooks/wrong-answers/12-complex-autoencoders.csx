// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// gate: the sum of arrows alone: 0.5
Tensor MyGate(Tensor W, Tensor re, Tensor im) => (re.mm(W.t()).square() + im.mm(W.t()).square()).sqrt();

// gate: added, not averaged: 0.5
Tensor MyGate(Tensor W, Tensor re, Tensor im) => (re.mm(W.t()).square() + im.mm(W.t()).square()).sqrt() + (re.square() + im.square()).sqrt().mm(W.t());

// gate: χ of the real parts: 0.5
Tensor MyGate(Tensor W, Tensor re, Tensor im) => (re.mm(W.t()).square() + im.mm(W.t()).square()).sqrt() / 2 + re.mm(W.t()) / 2;

// gate: χ is the magnitude of the sum again: 0.5
Tensor MyGate(Tensor W, Tensor re, Tensor im) { Tensor length = (re.mm(W.t()).square() + im.mm(W.t()).square()).sqrt(); return length / 2 + length / 2; }

// activation: no ReLU: 0.5
(Tensor Re, Tensor Im) MyActivation(Tensor psiRe, Tensor psiIm, Tensor m, Tensor phaseBias) { Tensor phi = atan2(psiIm, psiRe) + phaseBias; return (m * phi.cos(), m * phi.sin()); }

// activation: the quotient's arc tangent knows half of the circle: 0.5
(Tensor Re, Tensor Im) MyActivation(Tensor psiRe, Tensor psiIm, Tensor m, Tensor phaseBias) { Tensor phi = (psiIm / psiRe).atan() + phaseBias; return (m.relu() * phi.cos(), m.relu() * phi.sin()); }

// activation: the bias forgotten: 1
(Tensor Re, Tensor Im) MyActivation(Tensor psiRe, Tensor psiIm, Tensor m, Tensor phaseBias) { Tensor phi = atan2(psiIm, psiRe); return (m.relu() * phi.cos(), m.relu() * phi.sin()); }

// activation: scaled by ψ: 0.5
(Tensor Re, Tensor Im) MyActivation(Tensor psiRe, Tensor psiIm, Tensor m, Tensor phaseBias) { Tensor c = phaseBias.cos(), s = phaseBias.sin(); return (m.relu() * (c * psiRe - s * psiIm), m.relu() * (s * psiRe + c * psiIm)); }

// points: every phase in full: 1
Tensor MyPoints(Tensor magnitude, Tensor phase, double m0) => stack([phase.cos(), phase.sin()], 1);

// points: kept or not, nothing between: 1
Tensor MyPoints(Tensor magnitude, Tensor phase, double m0) { Tensor w = magnitude.ge(m0).to(float64); return stack([w * phase.cos(), w * phase.sin()], 1); }

// points: the phase itself: 0.5
Tensor MyPoints(Tensor magnitude, Tensor phase, double m0) => stack([magnitude, phase], 1);

// points: the complex number itself: 1
Tensor MyPoints(Tensor magnitude, Tensor phase, double m0) => stack([magnitude * phase.cos(), magnitude * phase.sin()], 1);
