using System.Globalization;
using System.Text.Json;
using Embodied.Backbones.Onnx;
using Google.Protobuf.Collections;
using static TorchSharp.torch;

namespace Embodied.Backbones;

/// <summary>How a vision model wants its images: kept in an ONNX file's metadata under "embodied.*", or in a JSON file beside it.</summary>
public sealed record ImageInput
{
    private const string Prefix = "embodied.";

    /// <summary>ImageNet's channel means and deviations, of values from 0 to 1, which published backbones expect.</summary>
    public static ImageInput ImageNet { get; } = new() { Mean = [0.485f, 0.456f, 0.406f], Deviation = [0.229f, 0.224f, 0.225f] };

    /// <summary>Height in pixels at which the model was made.</summary>
    public int Height { get; init; } = 224;

    /// <summary>Width in pixels at which the model was made.</summary>
    public int Width { get; init; } = 224;

    /// <summary>Sides have to be multiples of this: the patch of a vision transformer.</summary>
    public int Multiple { get; init; } = 1;

    /// <summary>Channels: 3 for RGB, 1 for grey.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Whether height and width may differ from run to run.</summary>
    public bool AnySize { get; init; } = true;

    /// <summary>Whether channels come last, [n, H, W, c].</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>What is subtracted from each channel of values from 0 to 1; nothing when empty.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [];

    /// <summary>What each channel is divided by afterwards; nothing when empty.</summary>
    public IReadOnlyList<float> Deviation { get; init; } = [];

    /// <summary>
    /// Images as the model wants them: grey or RGB to its channels, alpha blended onto white, sides to the nearest multiples of <see cref="Multiple"/>
    /// (to <see cref="Height"/> and <see cref="Width"/> where the model knows only these), normalised.
    /// </summary>
    /// <param name="images">Values from 0 to 1, [c, H, W] or [n, c, H, W], with c 1 (grey), 3 (RGB) or 4 (RGB and alpha).</param>
    /// <param name="height">Another height, rounded to a multiple; null for the images' own.</param>
    /// <param name="width">Another width, rounded to a multiple; null for the images' own.</param>
    /// <returns>[n, channels, H', W'], or [n, H', W', channels] where channels come last.</returns>
    /// <exception cref="ArgumentException">The shape does not fit, or a size is asked for that the model cannot take.</exception>
    public Tensor Prepare(Tensor images, int? height = null, int? width = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor x = images.dim() == 3 ? images.unsqueeze(0) : images;
        if (x.dim() != 4 || x.shape[1] is not (1 or 3 or 4) || x.shape[2] < 1 || x.shape[3] < 1)
        {
            throw new ArgumentException($"images has shape [{string.Join(", ", images.shape)}], wanted [c, H, W] or [n, c, H, W] with 1 (grey), 3 (RGB) or 4 (RGB and alpha) channels.", nameof(images));
        }
        if (!AnySize && ((height ?? Height) != Height || (width ?? Width) != Width))
        {
            throw new ArgumentException($"The model takes images of {Width} × {Height} px alone, not {width ?? Width} × {height ?? Height}.", nameof(height));
        }
        x = x.to(float32);
        if (x.shape[1] == 4)
        {
            Tensor alpha = x.narrow(1, 3, 1);
            x = x.narrow(1, 0, 3) * alpha + (1 - alpha);
        }
        x = (x.shape[1], Channels) switch
        {
            (1, 3) => x.expand(-1, 3, -1, -1),
            (3, 1) => (x * tensor(new[] { 0.299f, 0.587f, 0.114f }).view(1, 3, 1, 1)).sum(1, keepdim: true),
            _ => x,
        };
        x = Resized(x, AnySize ? Rounded(height ?? x.shape[2]) : Height, AnySize ? Rounded(width ?? x.shape[3]) : Width);
        if (Mean.Count > 0)
        {
            x = x - tensor(Mean.ToArray()).view(1, -1, 1, 1);
        }
        if (Deviation.Count > 0)
        {
            x = x / tensor(Deviation.ToArray()).view(1, -1, 1, 1);
        }
        return (ChannelsLast ? x.permute(0, 2, 3, 1) : x).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Rows and columns of the patches that a vision transformer cuts prepared images into.</summary>
    /// <param name="prepared">What <see cref="Prepare"/> gave.</param>
    public (int Rows, int Columns) Grid(Tensor prepared) =>
        ((int)prepared.shape[ChannelsLast ? 1 : 2] / Multiple, (int)prepared.shape[ChannelsLast ? 2 : 3] / Multiple);

    /// <summary>What a file's own metadata, or a JSON file beside it, adds to what its graph says.</summary>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="path">The ONNX file. Beside it "NAME.json" is looked for, then Hugging Face's "preprocessor_config.json" there and one folder up.</param>
    /// <exception cref="InvalidDataException">A file or an entry makes no sense.</exception>
    internal ImageInput With(RepeatedField<StringStringEntryProto> metadata, string path)
    {
        Dictionary<string, string> own = metadata.Where(entry => entry.Key.StartsWith(Prefix, StringComparison.Ordinal)).GroupBy(entry => entry.Key[Prefix.Length..]).ToDictionary(group => group.Key, group => group.Last().Value);
        if (own.Count > 0)
        {
            return With(path, key => own.TryGetValue(key, out string? text) ? Numbers(path, key, text) : null);
        }
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string? beside = ((string[])[Path.ChangeExtension(path, ".json"), Path.Combine(folder, "preprocessor_config.json"), Path.Combine(folder, "..", "preprocessor_config.json")]).FirstOrDefault(File.Exists);
        if (beside is null)
        {
            return this;
        }
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(beside));
            JsonElement root = json.RootElement;
            return With(beside, key => key switch
            {
                "size" => Size(Property(root, "crop_size") ?? Property(root, "size")),
                "mean" => Property(root, "mean") is { } own ? List(own) : Property(root, "image_mean") is { } theirs ? List(theirs) : null,
                "deviation" => (Property(root, "deviation") ?? Property(root, "std") ?? Property(root, "image_std")) is { } list ? List(list) : null,
                "multiple" => Property(root, "multiple") is { } number ? [number.GetDouble()] : null,
                _ => null,
            });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{beside}' says nothing sensible about images: {e.Message}", e);
        }
    }

    internal void WriteTo(RepeatedField<StringStringEntryProto> metadata)
    {
        void Add(string key, IEnumerable<double> values) => metadata.Add(new StringStringEntryProto
        {
            Key = Prefix + key, Value = string.Join(' ', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture))),
        });
        Add("size", [Height, Width]);
        Add("multiple", [Multiple]);
        if (Mean.Count > 0)
        {
            Add("mean", Mean.Select(m => (double)m));
        }
        if (Deviation.Count > 0)
        {
            Add("deviation", Deviation.Select(d => (double)d));
        }
    }

    private ImageInput With(string source, Func<string, double[]?> find)
    {
        double[] Checked(string key, double[] values, params int[] lengths) => lengths.Contains(values.Length) && values.All(double.IsFinite)
            ? values
            : throw new InvalidDataException($"'{source}' gives {values.Length} numbers for the images' {key}; {string.Join(" or ", lengths)} are wanted.");
        ImageInput result = this;
        if (AnySize && find("size") is { } size)
        {
            double[] sides = Checked("size", size, 1, 2);
            result = result with { Height = (int)sides[0], Width = (int)sides[^1] };
        }
        if (find("multiple") is { } multiple)
        {
            result = result with { Multiple = Math.Max(1, (int)Checked("multiple", multiple, 1)[0]) };
        }
        if (find("mean") is { } mean)
        {
            result = result with { Mean = [.. Checked("mean", mean, 1, Channels).Select(value => (float)value)] };
        }
        if (find("deviation") is { } deviation)
        {
            result = result with { Deviation = [.. Checked("deviation", deviation, 1, Channels).Select(value => value > 0 ? (float)value : throw new InvalidDataException($"'{source}' gives a deviation of {value}; positive ones are wanted."))] };
        }
        return result;
    }

    private long Rounded(long side) => Math.Max(1, (long)Math.Round((double)side / Multiple, MidpointRounding.AwayFromZero)) * Multiple;

    // Means of pixels on the way down, which cannot alias; bicubic on the way up, which may overshoot.
    private static Tensor Resized(Tensor x, long height, long width) =>
        x.shape[2] == height && x.shape[3] == width ? x
        : height <= x.shape[2] && width <= x.shape[3] ? nn.functional.adaptive_avg_pool2d(x, [height, width])
        : nn.functional.interpolate(x, size: [height, width], mode: InterpolationMode.Bicubic, align_corners: false).clamp(0, 1);

    private static double[] Numbers(string path, string key, string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [.. parts.Select(part => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new InvalidDataException($"'{path}' has '{text}' for {Prefix}{key}; numbers are wanted."))];
    }

    private static JsonElement? Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement found) && found.ValueKind != JsonValueKind.Null ? found : null;

    private static double[] List(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().Select(item => item.GetDouble())] : [element.GetDouble()];

    private static double[]? Size(JsonElement? element) => element switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } sides when Property(sides, "height") is { } height && Property(sides, "width") is { } width => [height.GetDouble(), width.GetDouble()],
        { ValueKind: JsonValueKind.Object } sides when Property(sides, "shortest_edge") is { } edge => [edge.GetDouble()],
        { ValueKind: JsonValueKind.Object } => null,
        { } list => List(list),
    };
}
