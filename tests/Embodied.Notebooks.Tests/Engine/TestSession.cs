using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Notebooks.Tests.Engine;

/// <summary>A session that keeps what its cells show.</summary>
internal sealed class TestSession : IDisposable
{
    private readonly CSharpSession session;
    private readonly List<CellOutput> outputs = [];

    public TestSession(string? folder = null, double graceSeconds = 2, bool embedPlotly = false) => session = new CSharpSession(new SessionOptions
    {
        WorkingDirectory = folder ?? Environment.CurrentDirectory,
        GracePeriod = TimeSpan.FromSeconds(graceSeconds),
        EmbedPlotly = embedPlotly,
    });

    /// <summary>What the last cell showed.</summary>
    public IReadOnlyList<CellOutput> Outputs
    {
        get
        {
            lock (outputs)
            {
                return [.. outputs];
            }
        }
    }

    /// <summary>The text that the last cell wrote.</summary>
    public string Text => string.Concat(Outputs.OfType<StreamText>().Where(text => text.Name == "stdout").Select(text => text.Text));

    /// <summary>The plain text of the last cell's value.</summary>
    public string? Value => Outputs.OfType<ExecuteResult>().SingleOrDefault()?.Bundle.PlainText;

    public Task<CellResult> RunAsync(string code) => RunUntilAsync(code, CancellationToken.None);

    public async Task<CellResult> RunUntilAsync(string code, CancellationToken cancellation)
    {
        lock (outputs)
        {
            outputs.Clear();
        }
        return await session.ExecuteAsync(code, Keep, cancellation: cancellation);
    }

    /// <summary>Runs a cell that has to succeed.</summary>
    public async Task<string?> ValueAsync(string code)
    {
        CellResult result = await RunAsync(code);
        Assert.True(result.Status == CellStatus.Succeeded, string.Join('\n', result.Error?.Traceback ?? []));
        return Value;
    }

    public void Dispose() => session.Dispose();

    private void Keep(CellOutput output)
    {
        lock (outputs)
        {
            outputs.Add(output);
        }
    }
}
