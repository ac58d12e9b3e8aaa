using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Embodied.Backbones;
using Embodied.Course.Commands;
using Embodied.Course.Training;

namespace Embodied.Course.Models;

/// <summary>
/// Downloads one model: into <c>NAME.onnx.part</c>, which a later call goes on with, then, when it is whole, has the right checksum and is a vision model, into place.
/// </summary>
/// <param name="address">Where it is.</param>
/// <param name="target">Where it goes; the folder must exist.</param>
internal sealed class ModelDownload(Uri address, string target)
{
    private const int Buffer = 1 << 17;
    private const double Megabyte = 1e6;

    private readonly string part = target + ".part", version = target + ".part.etag";

    /// <summary>The checksum that it has to have; null when none is known.</summary>
    public string? Expected { get; init; }

    /// <summary>How it wants its images, to write beside it; null when its graph says so itself.</summary>
    public ImageInput? Input { get; init; }

    /// <summary>How long the server may be silent.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Free bytes of the disk that a folder lies on.</summary>
    public Func<string, long> FreeSpace { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>Downloads it.</summary>
    /// <param name="progress">Bytes that are here, and bytes in all where the server says so.</param>
    /// <param name="cancellation">Stops; what has come stays for the next time.</param>
    /// <returns>Its checksum, and whether it was noted for the first time.</returns>
    /// <exception cref="CommandException">Anything that can go wrong, in one sentence.</exception>
    public async Task<(string Checksum, bool First)> RunAsync(Action<long, long?> progress, CancellationToken cancellation)
    {
        using HttpClient client = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(15) }) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new("Embodied.Notebooks", "0.1"));
        if (!await FetchAsync(client, progress, cancellation))
        {
            File.Delete(part);
            await FetchAsync(client, progress, cancellation);
        }
        return Settle();
    }

    // False when what is here is no beginning of what the server has.
    private async Task<bool> FetchAsync(HttpClient client, Action<long, long?> progress, CancellationToken cancellation)
    {
        long have = File.Exists(part) ? new FileInfo(part).Length : 0;
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        if (have > 0)
        {
            request.Headers.Range = new(have, null);
            if (File.Exists(version) && EntityTagHeaderValue.TryParse(File.ReadAllText(version), out EntityTagHeaderValue? tag) && !tag.IsWeak)
            {
                request.Headers.IfRange = new(tag);
            }
        }
        using HttpResponseMessage response = await Patiently(token => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), have, null, cancellation);
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        switch (response.StatusCode)
        {
            case HttpStatusCode.RequestedRangeNotSatisfiable when have > 0:
                return range?.Length == have;
            case HttpStatusCode.PartialContent when have == 0 || range?.From != have:
                return have > 0 ? false : throw CommandException.Failure($"{address} answered with a part of the file that nobody had asked for.");
            case HttpStatusCode.PartialContent:
                break;
            case HttpStatusCode.OK:
                have = 0; // It sends all of it: it knows no ranges, or has another version by now.
                break;
            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                throw CommandException.Failure($"There is no file at {address} (the server says {(int)response.StatusCode}): it was moved, or the address is mistyped.");
            default:
                throw CommandException.Failure($"{address} cannot be downloaded: the server says {(int)response.StatusCode} {response.ReasonPhrase}.");
        }
        long? total = range?.Length ?? (response.Content.Headers.ContentLength + have);
        string folder = Path.GetDirectoryName(Path.GetFullPath(target))!;
        if (total is { } all && all - have > FreeSpace(folder))
        {
            throw CommandException.Failure($"'{folder}' has no room for it: {Size(all - have)} are to come, and {Size(FreeSpace(folder))} are free.");
        }
        using (FileStream file = Writing(() => new FileStream(part, have > 0 ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.None, 0)))
        {
            Writing(() => { File.WriteAllText(version, $"{response.Headers.ETag}"); return 0; });
            using Stream body = await response.Content.ReadAsStreamAsync(cancellation);
            byte[] buffer = new byte[Buffer];
            progress(have, total);
            while (await Patiently(token => body.ReadAsync(buffer, token).AsTask(), have, total, cancellation) is > 0 and int read)
            {
                Writing(() => { file.Write(buffer, 0, read); return 0; });
                have += read;
                progress(have, total);
            }
        }
        return total is null || have == total ? true : throw Broken(have, total, "the server closed the connection");
    }

    private (string Checksum, bool First) Settle()
    {
        string found = ModelFiles.Checksum(part);
        string? noted = ModelFiles.Noted(target);
        foreach ((string? wanted, string source) in ((string?, string)[])[(Expected, "is published"), (noted, $"was noted when it was first downloaded, in {ModelFiles.Sums}")])
        {
            if (wanted is not null && wanted != found)
            {
                Discard();
                throw CommandException.Failure($"What {address} sent has the checksum {found}, and {wanted} {source}: it was changed on the server or on the way, and is not put into place.");
            }
        }
        try
        {
            ModelDescription.Read(part);
        }
        catch (InvalidDataException e)
        {
            Discard();
            throw CommandException.Failure($"What {address} sent is of no use here: {e.Message}");
        }
        if (Input is not null)
        {
            OutputFolder.Write(Path.ChangeExtension(target, ".json"), JsonSerializer.Serialize(
                new { size = new[] { Input.Height, Input.Width }, mean = Input.Mean, deviation = Input.Deviation }));
        }
        Writing(() => { File.Move(part, target, overwrite: true); return 0; });
        DataSums.Pin(target);
        Discard();
        return (found, noted is null);
    }

    private void Discard()
    {
        File.Delete(part);
        File.Delete(version);
    }

    private async Task<T> Patiently<T>(Func<CancellationToken, Task<T>> act, long have, long? total, CancellationToken cancellation)
    {
        using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        waiting.CancelAfter(Patience);
        try
        {
            return await act(waiting.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Broken(have, total, $"the server was silent for {Patience.TotalSeconds:0} s");
        }
        catch (HttpRequestException e) when (e.HttpRequestError is not HttpRequestError.ResponseEnded)
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(target))!;
            throw CommandException.Failure(
                $"{address.Host} cannot be reached ({(e.InnerException ?? e).Message.TrimEnd('.')}); without a network, download {address} elsewhere and put it into '{folder}' as {Path.GetFileName(target)}.");
        }
        catch (IOException e)
        {
            throw Broken(have, total, e is HttpIOException ? "the server closed the connection" : e.Message.TrimEnd('.'));
        }
        catch (HttpRequestException)
        {
            throw Broken(have, total, "the server closed the connection");
        }
    }

    private T Writing<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Failure($"'{part}' could not be written: {e.Message.TrimEnd('.')}.");
        }
    }

    private static CommandException Broken(long have, long? total, string why) => CommandException.Failure(
        $"The transfer broke off at {Size(have)}{(total is null ? "" : $" of {Size(total.Value)}")} ({why}); the same command goes on from there.");

    /// <summary>A number of bytes for people.</summary>
    public static string Size(long bytes) => bytes >= Megabyte / 10
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / Megabyte:0.0} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");
}
