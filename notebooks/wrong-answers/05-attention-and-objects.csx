// Answers that are wrong on purpose, each after its exercise, what is wrong with it, and the points that it shall earn.

// class: the scale forgotten: 1
Tensor MyClassAttention(Tensor Q, Tensor K) => (Q.narrow(1, 0, 1) * K).sum(2).softmax(1).narrow(1, 1, K.shape[1] - 1);

// class: [CLS] left out before the softmax: 1
Tensor MyClassAttention(Tensor Q, Tensor K) => ((Q.narrow(1, 0, 1) * K).sum(2) / Math.Sqrt(Q.shape[2])).narrow(1, 1, K.shape[1] - 1).softmax(1);

// class: what the patches give to [CLS]: 1
Tensor MyClassAttention(Tensor Q, Tensor K) => (Q.bmm(K.transpose(1, 2)) / Math.Sqrt(Q.shape[2])).softmax(2).select(2, 0).narrow(1, 1, K.shape[1] - 1);

// class: [CLS] itself is in the answer: 0.5
Tensor MyClassAttention(Tensor Q, Tensor K) => ((Q.narrow(1, 0, 1) * K).sum(2) / Math.Sqrt(Q.shape[2])).softmax(1);

// mass: the patch that reaches the share is not kept: 0.5
bool[] MyKept(double[] attention, double mass)
{
    bool[] keep = new bool[attention.Length];
    double held = 0;
    foreach (int i in Enumerable.Range(0, attention.Length).OrderByDescending(i => attention[i]))
    {
        held += attention[i];
        keep[i] = held < mass * attention.Sum();
    }
    return keep;
}

// mass: the least first: 0.5
bool[] MyKept(double[] attention, double mass)
{
    bool[] keep = new bool[attention.Length];
    double held = 0;
    foreach (int i in Enumerable.Range(0, attention.Length).OrderBy(i => attention[i]))
    {
        if (held >= mass * attention.Sum()) break;
        keep[i] = true;
        held += attention[i];
    }
    return keep;
}

// mass: a threshold on the values: 0.5
bool[] MyKept(double[] attention, double mass) => [.. attention.Select(a => a >= mass * attention.Max())];

// mass: the sum taken for 1: 0
bool[] MyKept(double[] attention, double mass)
{
    bool[] keep = new bool[attention.Length];
    double held = 0;
    foreach (int i in Enumerable.Range(0, attention.Length).OrderByDescending(i => attention[i]))
    {
        if (held >= mass) break;
        keep[i] = true;
        held += attention[i];
    }
    return keep;
}

// vote: every neighbour's vote weighs the same: 0.5
int MyVote(double[] similarities, int[] labels, int k, double tau) =>
    Enumerable.Range(0, similarities.Length).OrderByDescending(i => similarities[i]).Take(k).GroupBy(i => labels[i]).MaxBy(g => g.Count()).Key;

// vote: all vote: 0
int MyVote(double[] similarities, int[] labels, int k, double tau) =>
    Enumerable.Range(0, similarities.Length).GroupBy(i => labels[i]).MaxBy(g => g.Count()).Key;

// vote: the nearest alone: 0.5
int MyVote(double[] similarities, int[] labels, int k, double tau) => labels[Array.IndexOf(similarities, similarities.Max())];

// vote: the farthest: 0
int MyVote(double[] similarities, int[] labels, int k, double tau) =>
    Enumerable.Range(0, similarities.Length).OrderBy(i => similarities[i]).Take(k).GroupBy(i => labels[i]).MaxBy(g => g.Sum(i => Math.Exp(similarities[i] / tau))).Key;
