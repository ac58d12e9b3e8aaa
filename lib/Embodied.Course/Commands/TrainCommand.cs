using System.CommandLine;
using Embodied.Course.Training;
using Embodied.Datasets;
using Embodied.Objects.ComplexAutoencoders;
using Embodied.Objects.Slots;
using Embodied.Planning.Grids;
using Embodied.SelfSupervised;

namespace Embodied.Course.Commands;

/// <summary><c>course train</c>: the long trainings whose results ship in <c>data/models</c>.</summary>
internal static class TrainCommand
{
    private static readonly Dictionary<string, DinoRecipe> Recipes = new()
    {
        ["joint"] = DinoRecipe.Joint, ["scratch"] = DinoRecipe.Scratch, ["shared-background"] = DinoRecipe.SharedBackground,
        ["contrastive-start"] = DinoRecipe.ContrastiveStart, ["contrastive"] = DinoRecipe.Contrastive,
    };

    public static Command Create(CancellationToken cancellation) =>
        new("train", "Train what takes longer than a notebook may; the results ship in data/models.") { Dino(cancellation), Slots(cancellation), Cae(cancellation), Vin(cancellation) };

    private static Command Dino(CancellationToken cancellation)
    {
        Option<string?> recipe = Values.OneOf("--recipe", [.. Recipes.Keys], "What the views share and the loss. Joint (the default) trains dino-sprites, the network that ships; another trains the same network for as long and leaves it beside that, as dino-sprites-RECIPE.");
        Option<bool> trial = new("--trial") { Description = "600 updates of a plain vision transformer, to compare recipes; writes their curve alone, dino-trial-RECIPE." };
        Option<int?> batch = Values.WholeNumber("--batch", "N", 2, 679, "Objects in an update; by default 64.");
        Arguments shared = new("3000, of a trial 600");
        Command command = new("dino", "Pretrain a vision transformer on sprite scenes: an hour on two cores, saved as it goes.") { recipe, trial, batch };
        shared.SetAction(command, parsed =>
        {
            string chosen = parsed.GetValue(recipe) ?? "joint";
            bool small = parsed.GetValue(trial);
            DinoPretrainingOptions defaults = small ? DinoPretrainingOptions.Trial : new();
            DinoPretrainingOptions options = defaults with
            {
                Recipe = Recipes[chosen], Updates = parsed.GetValue(shared.Updates) ?? defaults.Updates, BatchSize = parsed.GetValue(batch) ?? defaults.BatchSize,
                Seed = parsed.GetValue(shared.Seed) ?? defaults.Seed,
            };
            string name = small ? $"dino-trial-{chosen}" : chosen == "joint" ? DinoCard.Shipped : $"{DinoCard.Shipped}-{chosen}";
            using DinoTraining training = new(shared.Places(parsed, name), options, Console.Out, curveOnly: small);
            training.Run(parsed.GetValue(shared.Fresh), cancellation);
        });
        return command;
    }

    private static Command Slots(CancellationToken cancellation)
    {
        Option<string?> data = Values.OneOf("--data", ["tetrominoes", "sprites"], "What scenes are made of; by default tetrominoes.");
        Option<int?> batch = Values.WholeNumber("--batch", "N", 1, 4096, "Scenes in an update; by default 16.");
        Option<string?> start = Values.OneOf("--start", ["sampled", "learned"], "Where slots begin; by default sampled.");
        Option<string?> softmax = Values.OneOf("--softmax", ["slots", "inputs"], "What attention's softmax runs over: slots, that compete then (the default), or inputs.");
        Arguments shared = new($"{new SlotTrainingOptions().Updates}, of sprites {SlotTrainingOptions.Sprites.Updates}");
        Command command = new("slots", "Train a slot attention autoencoder: three quarters of an hour on one core, saved as it goes.") { data, start, softmax, batch };
        shared.SetAction(command, parsed =>
        {
            bool sprites = parsed.GetValue(data) == "sprites", learned = parsed.GetValue(start) == "learned", inputs = parsed.GetValue(softmax) == "inputs";
            SlotTrainingOptions defaults = sprites ? SlotTrainingOptions.Sprites : new();
            SlotTrainingOptions options = defaults with
            {
                Updates = parsed.GetValue(shared.Updates) ?? defaults.Updates, BatchSize = parsed.GetValue(batch) ?? defaults.BatchSize,
                Seed = parsed.GetValue(shared.Seed) ?? defaults.Seed,
                Network = defaults.Network with
                {
                    Start = learned ? SlotStart.Learned : SlotStart.Sampled, Competition = inputs ? SlotCompetition.OverInputs : SlotCompetition.OverSlots,
                },
            };
            string name = $"slots-{(sprites ? "sprites" : "tetrominoes")}{(learned ? "-learned" : "")}{(inputs ? "-inputs" : "")}";
            new SlotLongTraining(shared.Places(parsed, name), options, Console.Out).Run(parsed.GetValue(shared.Fresh), cancellation);
        });
        return command;
    }

    private static Command Cae(CancellationToken cancellation)
    {
        Option<string?> data = Values.OneOf("--data", ["two", "three", "garment"], "What the scenes show: two shapes (the default), three shapes, or a garment with a shape.");
        Option<bool> ungated = new("--ungated") { Description = "Without the gate χ, to see what it is good for; the files' names end in -ungated." };
        Arguments shared = new("what ships has");
        Command command = new("cae", "Train a complex-valued autoencoder on scenes of shapes: minutes on one core, of three shapes half an hour, saved as it goes.") { data, ungated };
        shared.SetAction(command, parsed =>
        {
            (ShapeSceneKind kind, string name) = parsed.GetValue(data) switch
            {
                "three" => (ShapeSceneKind.ThreeShapes, "cae-three-shapes"),
                "garment" => (ShapeSceneKind.GarmentAndShape, "cae-garment-shape"),
                _ => (ShapeSceneKind.TwoShapes, "cae-two-shapes"),
            };
            ComplexAutoencoderTrainingOptions defaults = ComplexAutoencoderTrainingOptions.For(kind);
            if (parsed.GetValue(ungated))
            {
                (name, defaults) = (name + "-ungated", defaults with { Network = defaults.Network with { Gate = PhaseGate.None } });
            }
            new ComplexAutoencoderLongTraining(shared.Places(parsed, name), defaults with
            {
                Updates = parsed.GetValue(shared.Updates) ?? defaults.Updates, Seed = parsed.GetValue(shared.Seed) ?? defaults.Seed,
            }, Console.Out).Run(parsed.GetValue(shared.Fresh), cancellation);
        });
        return command;
    }

    private static Command Vin(CancellationToken cancellation)
    {
        Option<int?> side = Values.WholeNumber("--side", "N", 6, 64, "Cells along a map's side; by default 16.");
        Option<int?> seeds = Values.WholeNumber("--seeds", "N", 1, 100, "Trainings of each kind; by default 3.");
        Option<int?> maps = Values.WholeNumber("--maps", "N", 10, 1_000_000, "Maps that are all the data; by default 5000.");
        Arguments shared = new($"{new ValueIterationTrainingOptions().Updates}");
        Command command = new("vin", "Train value iteration networks, tied and untied, on a fifth, half and all of the data: an hour on one core, kept training by training.") { side, seeds, maps };
        shared.SetAction(command, parsed =>
        {
            int cells = parsed.GetValue(side) ?? 16;
            ValueIterationTrainingOptions defaults = ValueIterationTrainingOptions.Of(cells);
            VinTableOptions options = new()
            {
                Training = defaults with
                {
                    Updates = parsed.GetValue(shared.Updates) ?? defaults.Updates, Seed = parsed.GetValue(shared.Seed) ?? defaults.Seed,
                    Maps = parsed.GetValue(maps) ?? defaults.Maps,
                },
            };
            options = options with { Seeds = parsed.GetValue(seeds) ?? options.Seeds };
            new VinTableTraining(shared.Places(parsed, $"vin-{cells}"), options, Console.Out).Run(parsed.GetValue(shared.Fresh), cancellation);
        });
        return command;
    }

    // What every training can be told.
    private sealed class Arguments(string defaultUpdates)
    {
        private readonly Option<string?> results = Values.FilePath("--out", "DIR", "Where network, curve and model card go; by default data/models.");
        private readonly Option<string?> work = Values.FilePath("--work", "DIR", "Where it keeps what it needs to go on; by default a folder in out/train.");

        public Option<int?> Updates { get; } = Values.WholeNumber("--updates", "N", 1, 1_000_000, $"Updates in all; by default {defaultUpdates}.");

        public Option<int?> Seed { get; } = Values.WholeNumber("--seed", "N", 0, int.MaxValue, "Where weights and data come from; by default what ships has.");

        public Option<bool> Fresh { get; } = new("--fresh") { Description = "Begin anew although there is a checkpoint to go on from." };

        public TrainingPlaces Places(ParseResult parsed, string name)
        {
            CourseFolder course = CourseFolder.Find();
            return new(
                name, Path.GetFullPath(parsed.GetValue(work) ?? Path.Combine(course.Output, "train", name)),
                Path.GetFullPath(parsed.GetValue(results) ?? Path.Combine(course.Root, "data", "models")));
        }

        public void SetAction(Command command, Action<ParseResult> train)
        {
            foreach (Option option in (Option[])[Updates, Seed, results, work, Fresh])
            {
                command.Add(option);
            }
            command.SetAction((parsed, _) => Task.Run(() =>
            {
                train(parsed);
                return 0;
            }, CancellationToken.None));
        }
    }
}
