using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>What lies about on the teacher's machine: another student's work, a server, a secret.</summary>
internal sealed class Surroundings : IDisposable
{
    private readonly string secret;
    private readonly DirectoryInfo others = Directory.CreateTempSubdirectory("others-");
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);

    public Surroundings(string secret)
    {
        this.secret = secret;
        File.WriteAllText(Other, secret);
        listener.Start();
    }

    /// <summary>Whether somebody called the server.</summary>
    public bool WasCalled => listener.Pending();

    /// <summary>Whether the other student's work is still there.</summary>
    public bool IsWhole => File.ReadAllText(Other) == secret;

    private string Other => Path.Combine(others.FullName, "secret.txt");

    /// <summary>An attack's code for this machine.</summary>
    public string Fill(string code) => code.Replace("SECRET", secret, StringComparison.Ordinal)
        .Replace("OTHERS", others.FullName, StringComparison.Ordinal)
        .Replace("COURSE", SandboxFixture.Course.Root, StringComparison.Ordinal)
        .Replace("PORT", ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("PARENT", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    public void Dispose()
    {
        listener.Dispose();
        others.Delete(recursive: true);
    }
}
