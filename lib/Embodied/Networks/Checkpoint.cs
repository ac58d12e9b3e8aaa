using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>
/// A network on disk: parameters and buffers by name in a safetensors file, and, to go on with a training where it stopped, the optimiser's
/// state and the generator's.
/// </summary>
public static class Checkpoint
{
    private const string Optimiser = "training.optimizer", Randomness = "training.generator", StepName = "step";

    /// <summary>Saves, beside the path and then moved into place: an interruption leaves the older file whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">Whose parameters and buffers.</param>
    /// <param name="optimizer">Whose state too, if any.</param>
    /// <param name="generator">Whose state too, if any.</param>
    /// <param name="metadata">Text to keep with it: the step, the options, the seed.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(
        string path, Module network, OptimizerHelper? optimizer = null, Generator? generator = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var scope = NewDisposeScope();
        List<(string, Tensor)> tensors = [.. State(network)];
        if (optimizer is not null)
        {
            using var bytes = new MemoryStream();
            using (var writer = new BinaryWriter(bytes))
            {
                optimizer.save_state_dict(writer);
            }
            tensors.Add((Optimiser, tensor(bytes.ToArray(), dtype: ScalarType.Byte)));
        }
        if (generator is not null)
        {
            tensors.Add((Randomness, generator.get_state()));
        }
        SafeTensors.Write(path, tensors, metadata);
    }

    /// <summary>Loads in place. Everything is compared first: a file that does not fit changes nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">Of the architecture that was saved.</param>
    /// <param name="optimizer">Gets the state that was saved with it.</param>
    /// <param name="generator">Gets the state that was saved with it.</param>
    /// <param name="prefix">What the names in the file begin with, to load a part: "teacher.encoder." of a <c>Dino</c>.</param>
    /// <returns>The text that was kept with it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is truncated, of another architecture, or lacks what is asked for; the message says what.</exception>
    public static IReadOnlyDictionary<string, string> Load(
        string path, Module network, OptimizerHelper? optimizer = null, Generator? generator = null, string prefix = "")
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        (IReadOnlyDictionary<string, Tensor> saved, IReadOnlyDictionary<string, string> metadata) = SafeTensors.Read(path);
        (string Name, Tensor Value)[] state = [.. State(network)];
        foreach ((string name, Tensor value) in state)
        {
            Tensor found = Find(path, saved, prefix + name);
            if (!found.shape.AsSpan().SequenceEqual(value.shape))
            {
                throw new InvalidDataException(
                    $"'{path}' was saved by another architecture: {prefix + name} has shape [{string.Join(", ", found.shape)}] there, the network wants [{string.Join(", ", value.shape)}].");
            }
        }
        HashSet<string> known = [.. state.Select(s => prefix + s.Name), Optimiser, Randomness];
        if (saved.Keys.FirstOrDefault(name => name.StartsWith(prefix, StringComparison.Ordinal) && !known.Contains(name)) is { } unknown)
        {
            throw new InvalidDataException($"'{path}' was saved by another architecture: it holds {unknown}, which the network lacks.");
        }
        Tensor? optimizerState = optimizer is null ? null : Find(path, saved, Optimiser);
        Tensor? generatorState = generator is null ? null : Find(path, saved, Randomness);

        foreach ((string name, Tensor value) in state)
        {
            value.copy_(saved[prefix + name]);
        }
        if (optimizerState is not null)
        {
            using var reader = new BinaryReader(new MemoryStream(optimizerState.bytes.ToArray()));
            optimizer!.load_state_dict(reader);
            // TorchSharp makes SGD's buffers anew here, in our scope; they have to outlive it.
            foreach (SGD.State sgd in optimizer.state_dict().State.OfType<SGD.State>())
            {
                sgd.momentum_buffer?.DetachFromDisposeScope();
            }
        }
        generator?.set_state(generatorState!);
        return metadata;
    }

    /// <summary>Saves a training, to go on with it from where it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">What is trained.</param>
    /// <param name="optimizer">Its optimiser.</param>
    /// <param name="generator">Where its random numbers come from.</param>
    /// <param name="step">Updates done.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    internal static void SaveTraining(string path, Module network, OptimizerHelper optimizer, Generator generator, int step) =>
        Save(path, network, optimizer, generator, new Dictionary<string, string> { [StepName] = step.ToString(CultureInfo.InvariantCulture) });

    /// <summary>Goes on from what <see cref="SaveTraining"/> saved.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">Of the architecture that was saved.</param>
    /// <param name="optimizer">Gets the state that it had.</param>
    /// <param name="generator">Gets the state that it had.</param>
    /// <returns>Updates done.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is truncated, of another architecture, or no training's.</exception>
    internal static int LoadTraining(string path, Module network, OptimizerHelper optimizer, Generator generator) =>
        Load(path, network, optimizer, generator).TryGetValue(StepName, out string? step) && int.TryParse(step, CultureInfo.InvariantCulture, out int done)
            ? done
            : throw new InvalidDataException($"'{path}' does not say at which update it was saved.");

    private static Tensor Find(string path, IReadOnlyDictionary<string, Tensor> saved, string name) => saved.TryGetValue(name, out Tensor? found)
        ? found
        : throw new InvalidDataException(name is Optimiser or Randomness
            ? $"'{path}' holds no {name}: it was saved for use, not to go on with the training."
            : $"'{path}' was saved by another architecture: it lacks {name}.");

    private static IEnumerable<(string Name, Tensor Value)> State(Module network) =>
        network.named_parameters().Select(p => (p.name, (Tensor)p.parameter)).Concat(network.named_buffers().Select(b => (b.name, b.buffer)));
}
