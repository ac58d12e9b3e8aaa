using System.CommandLine;
using System.Globalization;
using Embodied.Backbones;
using Embodied.Course.Models;
using Embodied.Course.Training;
using Embodied.Networks;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Embodied.Course.Commands;

/// <summary><c>course export</c>: a checkpoint of the course as an ONNX file.</summary>
internal static class ExportCommand
{
    private const string Extension = ".safetensors";
    private const double Tolerance = 1e-4;

    public static Command Create(CancellationToken cancellation)
    {
        Argument<string> checkpoint = new("CHECKPOINT") { Description = $"A name, such as dino-sprites, of data/models, or the path of a {Extension} file that 'course train' wrote." };
        Option<string?> output = Values.FilePath("--out", "FILE", "The ONNX file; by default it lies beside the checkpoint.");
        Command command = new("export", "Write a trained network as ONNX, for images of any size.") { checkpoint, output };
        command.SetAction(parsed =>
        {
            string source = Resolve(parsed.GetValue(checkpoint)!);
            string target = Path.GetFullPath(parsed.GetValue(output) ?? Path.ChangeExtension(source, ".onnx"));
            if (Directory.Exists(target) || target == source)
            {
                throw CommandException.Misuse($"'{target}' is {(target == source ? "the checkpoint itself" : "a folder")}; the name of a file to write is wanted.");
            }
            OutputFolder.Prepare(Path.GetDirectoryName(target)!);
            cancellation.ThrowIfCancellationRequested();
            ExecutionDevice.Report = null; // What the check runs on is of no interest here.
            try
            {
                using VisionTransformer network = VisionTransformerFile.Load(source);
                OnnxExport.Save(network, target);
                double error = Error(network, target);
                if (error > Tolerance)
                {
                    throw CommandException.Failure(string.Create(CultureInfo.InvariantCulture, $"'{target}' differs from TorchSharp by {error:0.0e+0}, and {Tolerance:0.0e+0} is allowed."));
                }
                DataSums.Update([target]);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"Written to {target}: {ModelDownload.Size(new FileInfo(target).Length)}, opset {OnnxExport.Opset}, at most {error:0.0e+0} from TorchSharp."));
            }
            catch (InvalidDataException e)
            {
                throw CommandException.Failure(e.Message);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw CommandException.Failure($"'{target}' could not be written: {e.Message.TrimEnd('.')}.");
            }
            return 0;
        });
        return command;
    }

    private static string Resolve(string asked)
    {
        if (File.Exists(asked))
        {
            return Path.GetFullPath(asked);
        }
        string folder = Path.Combine(CourseFolder.Find().Root, "data", "models");
        string[] names = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*" + Extension).Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)] : [];
        return names.Contains(asked) ? Path.Combine(folder, asked + Extension)
            : throw CommandException.Misuse($"There is no checkpoint '{asked}' in '{folder}'{Nearest.Suggestion(asked, names)}");
    }

    // At the size that it was trained at, and at one that interpolates positions.
    private static double Error(VisionTransformer network, string path)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Generator generator = new(1);
        using Backbone backbone = Backbone.Load(path);
        int side = network.Options.ImageSize, patch = network.Options.PatchSize;
        double worst = 0;
        foreach ((int height, int width) in ((int, int)[])[(side, side), (side + patch, 2 * side)])
        {
            Tensor images = rand([2, network.Options.Channels, height, width], generator: generator);
            VisionTokens wanted = network.Tokens(images);
            IReadOnlyDictionary<string, Tensor> found = backbone.Run(images);
            worst = Math.Max(worst, (wanted.Class - found["cls"]).abs().max().ToDouble());
            worst = Math.Max(worst, (wanted.Patches - found["patches"]).abs().max().ToDouble());
        }
        return worst;
    }
}
