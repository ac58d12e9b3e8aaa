namespace Embodied.Interactive.Running;

/// <summary>Keeps the last lines of what a process writes.</summary>
internal sealed class LastLines
{
    private const int Kept = 30;
    private const int Widest = 2000;
    private readonly Queue<string> lines = new();

    /// <summary>The lines kept, oldest first.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (lines)
            {
                return [.. lines];
            }
        }
    }

    /// <summary>Reads <paramref name="reader"/> to its end.</summary>
    /// <param name="reader">What the process writes.</param>
    /// <param name="count">Is told how many characters came.</param>
    public void Follow(StreamReader reader, Action<int> count)
    {
        char[] buffer = new char[4096];
        System.Text.StringBuilder line = new();
        try
        {
            for (int read; (read = reader.Read(buffer)) > 0;)
            {
                count(read);
                foreach (char c in buffer.AsSpan(0, read))
                {
                    if (c == '\n')
                    {
                        Keep(line);
                    }
                    else if (c != '\r' && line.Length < Widest)
                    {
                        line.Append(c);
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
        }
        Keep(line);
    }

    private void Keep(System.Text.StringBuilder line)
    {
        lock (lines)
        {
            if (line.Length > 0)
            {
                lines.Enqueue(line.ToString());
            }
            while (lines.Count > Kept)
            {
                lines.Dequeue();
            }
        }
        line.Clear();
    }
}
