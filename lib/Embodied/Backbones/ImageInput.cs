using System.Globalization;
using Embodied.Backbones.Onnx;
using Google.Protobuf.Collections;

namespace Embodied.Backbones;

/// <summary>How a vision model wants its images: kept in an ONNX file's metadata under "embodied.*", or in a JSON file beside it.</summary>
public sealed record ImageInput
{
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

    /// <summary>What is subtracted from each channel of values from 0 to 1; none when empty.</summary>
    public float[] Mean { get; init; } = [];

    /// <summary>What each channel is divided by afterwards; nothing when empty.</summary>
    public float[] Deviation { get; init; } = [];

    private const string Prefix = "embodied.";

    internal void WriteTo(RepeatedField<StringStringEntryProto> metadata)
    {
        void Add(string key, string value) => metadata.Add(new StringStringEntryProto { Key = Prefix + key, Value = value });
        Add("size", string.Create(CultureInfo.InvariantCulture, $"{Height} {Width}"));
        Add("multiple", Multiple.ToString(CultureInfo.InvariantCulture));
        if (Mean.Length > 0)
        {
            Add("mean", string.Join(' ', Mean.Select(m => m.ToString(CultureInfo.InvariantCulture))));
            Add("deviation", string.Join(' ', Deviation.Select(m => m.ToString(CultureInfo.InvariantCulture))));
        }
    }
}
