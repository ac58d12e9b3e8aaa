using System.CommandLine;
using System.Globalization;
using Embodied.Backbones;
using Embodied.Course.Models;
using Microsoft.ML.OnnxRuntime;

namespace Embodied.Course.Commands;

/// <summary><c>course models</c>: the ONNX models of this machine, and those that others have published.</summary>
internal static class ModelsCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        Command command = new("models", "List, describe, verify and download pretrained backbones.")
        {
            List(), Describe(), Verify(cancellation), Get(cancellation),
        };
        command.SetAction(_ => PrintList());
        return command;
    }

    private static Command List()
    {
        Command command = new("list", "List the models of this machine, and those that can be downloaded (the default).");
        command.SetAction(_ => PrintList());
        return command;
    }

    private static int PrintList()
    {
        IReadOnlyList<string> local = ModelFiles.All;
        foreach (IGrouping<string, string> folder in local.GroupBy(path => Path.GetDirectoryName(path)!))
        {
            Console.WriteLine($"In {folder.Key}:");
            foreach (string path in folder)
            {
                Console.WriteLine($"  {Path.GetFileNameWithoutExtension(path),-24}{ModelDownload.Size(new FileInfo(path).Length),9}  {Summary(path)}");
            }
        }
        if (local.Count == 0)
        {
            Console.WriteLine($"No models in {string.Join(" and ", ModelFiles.Folders)}.");
        }
        HashSet<string> here = [.. local.Select(path => Path.GetFileNameWithoutExtension(path))];
        string[] unexported = [.. ModelFiles.Folders.Where(Directory.Exists).SelectMany(folder => Directory.GetFiles(folder, "*.safetensors"))
            .Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => !here.Contains(name))];
        foreach (string name in unexported)
        {
            Console.WriteLine($"  {name,-24}           a checkpoint; 'course export {name}' makes it a model");
        }
        Console.WriteLine("To download with 'course models get NAME':");
        foreach (PublishedModel model in PublishedModel.All)
        {
            string size = string.Create(CultureInfo.InvariantCulture, $"{model.Megabytes:0.0} MB");
            Console.WriteLine($"  {model.Name,-24}{size,9}  {model.Title}; {model.Licence}{(here.Contains(model.Name) ? "; already here" : "")}");
        }
        return 0;
    }

    private static string Summary(string path)
    {
        try
        {
            ModelDescription model = ModelDescription.Read(path);
            return $"{Sizes(model.Input)}, {model.AttentionLayers.Count} attention layers";
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
    }

    private static Command Describe()
    {
        Argument<string> name = new("MODEL") { Description = "A name that 'course models' lists, or the path of an ONNX file." };
        Command command = new("describe", "Say how a model wants its images, what it gives, and where its attention is.") { name };
        command.SetAction(parsed =>
        {
            string path = Resolve(parsed.GetValue(name)!);
            ModelDescription model = Readable(() => ModelDescription.Read(path));
            using SessionOptions session = new();
            string device;
            try
            {
                device = ExecutionDevice.Choose(session);
            }
            catch (InvalidOperationException e)
            {
                throw CommandException.Misuse(e.Message);
            }
            ImageInput input = model.Input;
            (string, string)[] rows =
            [
                ("file", $"{path}, {ModelDownload.Size(model.Bytes)}"),
                ("checksum", ModelFiles.Verify(path) switch { true => "as noted", false => "not the one that was noted", null => "none was noted" }),
                ("written by", model.Producer.Length > 0 ? model.Producer : "it does not say"),
                ("opset", model.Opset.ToString(CultureInfo.InvariantCulture)),
                ("input", model.InputShape),
                ("layout", input.ChannelsLast ? "height, width, channels" : "channels, height, width"),
                ("channels", input.Channels == 1 ? "grey" : "RGB"),
                ("size", Sizes(input)),
                ("normalisation", Normalisation(input)),
                ("outputs", string.Join(", ", model.Outputs)),
                ("attention", Attention(model)),
                ("device", device),
            ];
            foreach ((string key, string value) in rows)
            {
                Console.WriteLine($"{key,-14}{value}");
            }
            return 0;
        });
        return command;
    }

    private static Command Verify(CancellationToken cancellation)
    {
        Argument<string[]> names = new("MODEL") { Arity = ArgumentArity.ZeroOrMore, Description = "Names or paths; by default all of this machine." };
        Command command = new("verify", "Compute checksums anew and compare them with those that were noted.") { names };
        command.SetAction(parsed =>
        {
            string[] asked = parsed.GetValue(names) ?? [];
            int wrong = 0;
            foreach (string path in asked.Length > 0 ? [.. asked.Select(Resolve)] : ModelFiles.All)
            {
                cancellation.ThrowIfCancellationRequested();
                bool? good = ModelFiles.Verify(path);
                wrong += good == false ? 1 : 0;
                Console.WriteLine(good switch
                {
                    true => $"✓ {path}",
                    false => $"✗ {path}: changed or damaged, its checksum is not the one that was noted",
                    null => $"– {path}: no checksum was noted",
                });
            }
            return wrong == 0 ? 0 : CommandException.Failed;
        });
        return command;
    }

    private static Command Get(CancellationToken cancellation)
    {
        Argument<string[]> names = new("MODEL") { Arity = ArgumentArity.OneOrMore, Description = "Names that 'course models' lists, or the address of any ONNX file." };
        Option<string?> output = Values.FilePath("--out", "DIR", $"Where they go; by default the folder of {ModelFiles.Variable}, else {ModelFiles.Cache}.");
        Command command = new("get", "Download published models; an interrupted download goes on where it stopped.") { names, output };
        command.SetAction(async (parsed, _) =>
        {
            (string Name, Uri Address, PublishedModel? Published)[] asked = [.. parsed.GetValue(names)!.Select(Asked)];
            string folder = Path.GetFullPath(parsed.GetValue(output) ?? ModelFiles.Cache);
            OutputFolder.Prepare(folder);
            foreach ((string name, Uri address, PublishedModel? published) in asked)
            {
                await GetAsync(name, address, published, Path.Combine(folder, name + ".onnx"), cancellation);
            }
            return 0;
        });
        return command;
    }

    private static async Task GetAsync(string name, Uri address, PublishedModel? published, string target, CancellationToken cancellation)
    {
        if (File.Exists(target))
        {
            Console.WriteLine(ModelFiles.Verify(target) != false
                ? $"{name} is already here: {target}"
                : throw CommandException.Failure($"'{target}' was changed or damaged, its checksum is not the one that was noted; delete it and run the command again."));
            return;
        }
        ModelDownload download = new(address, target) { Expected = published?.Sha256, Input = published is null ? null : ImageInput.ImageNet };
        DownloadLine line = new(name, Console.Out, Console.IsOutputRedirected);
        try
        {
            (string checksum, bool first) = await download.RunAsync(line.Show, cancellation);
            line.End();
            Console.WriteLine($"{target}, SHA-256 {checksum}{(published?.Sha256 is not null ? ", as published" : first ? ", noted for later" : ", as noted before")}.");
        }
        catch (OperationCanceledException e)
        {
            line.End();
            throw new InterruptedException("Interrupted; the same command goes on from there.", e);
        }
        catch (CommandException)
        {
            line.End();
            throw;
        }
    }

    private static (string, Uri, PublishedModel?) Asked(string asked)
    {
        if (Uri.TryCreate(asked, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
        {
            string name = Path.GetFileNameWithoutExtension(address.AbsolutePath);
            return name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
                ? (name, address, null) : throw CommandException.Misuse($"The address '{asked}' names no file; one that ends like '/name.onnx' is wanted.");
        }
        PublishedModel model = PublishedModel.Named(asked)
            ?? throw CommandException.Misuse($"There is no published model '{asked}'{Nearest.Suggestion(asked, PublishedModel.All.Select(known => known.Name))}");
        try
        {
            return (model.Name, model.Address, model);
        }
        catch (UriFormatException)
        {
            throw CommandException.Misuse($"{PublishedModel.ServerVariable} is '{Environment.GetEnvironmentVariable(PublishedModel.ServerVariable)}', which is no address.");
        }
    }

    private static string Resolve(string name)
    {
        try
        {
            return ModelFiles.Named(name);
        }
        catch (FileNotFoundException e)
        {
            throw CommandException.Misuse(PublishedModel.Named(name) is null && Nearest.To(name, ModelFiles.All.Select(path => Path.GetFileNameWithoutExtension(path))) is { } near
                ? $"There is no model '{name}'; did you mean '{near}'?" : e.Message);
        }
    }

    private static T Readable<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw CommandException.Failure(e.Message);
        }
    }

    private static string Sizes(ImageInput input) => input.AnySize
        ? $"any{(input.Multiple > 1 ? $" in multiples of {input.Multiple} px" : "")}; made for {input.Width} × {input.Height} px"
        : $"{input.Width} × {input.Height} px alone{(input.Multiple > 1 ? $", in patches of {input.Multiple} px" : "")}";

    private static string Normalisation(ImageInput input)
    {
        string Numbers(IReadOnlyList<float> values) => string.Join(' ', values.Select(value => value.ToString(CultureInfo.InvariantCulture)));
        return (input.Mean.Count, input.Deviation.Count) switch
        {
            (0, 0) => "values from 0 to 1 as they are",
            (_, 0) => $"minus {Numbers(input.Mean)}",
            (0, _) => $"divided by {Numbers(input.Deviation)}",
            _ => $"minus {Numbers(input.Mean)}, divided by {Numbers(input.Deviation)}",
        };
    }

    private static string Attention(ModelDescription model) => model.AttentionLayers.Count > 0
        ? $"{model.AttentionLayers.Count} layers: {string.Join(", ", model.AttentionLayers.Select((name, i) => $"{i} ({name})"))}"
        : model.FusedAttention.Count > 0 ? $"computed in one piece ({string.Join(", ", model.FusedAttention)}), so that it cannot be seen" : "none";
}
