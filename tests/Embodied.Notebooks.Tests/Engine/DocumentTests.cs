using System.Text.Json.Nodes;
using CsCheck;
using Embodied.Interactive.Documents;

namespace Embodied.Notebooks.Tests.Engine;

public sealed class DocumentTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("documents-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public static TheoryData<string> Awkward() =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Engine", "awkward"), "*.ipynb").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Awkward))]
    public void An_awkward_notebook_means_the_same_after_a_round_trip(string name)
    {
        string before = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Engine", "awkward", name));
        NotebookDocument document = NotebookDocument.Parse(before, name);
        string after = document.ToJson();
        Assert.Equal(Meaning(JsonNode.Parse(before)).ToJsonString(), Meaning(JsonNode.Parse(after)).ToJsonString());
        Assert.Equal(after, NotebookDocument.Parse(after, name).ToJson());
    }

    [Fact]
    public void Any_notebook_means_the_same_after_a_round_trip() => Notebook.Sample(
        notebook =>
        {
            string before = notebook.ToJsonString();
            string after = NotebookDocument.Parse(before, "generated").ToJson();
            return Meaning(JsonNode.Parse(before)).ToJsonString() == Meaning(JsonNode.Parse(after)).ToJsonString();
        },
        iter: 500);

    [Fact]
    public void A_notebook_is_printed_as_nbformat_prints_it()
    {
        string python = RequiredTool.Python("nbformat");
        int i = 0;
        Notebook.Sample(
            notebook =>
            {
                File.WriteAllText(Path.Combine(folder, $"in{i}.ipynb"), notebook.ToJsonString());
                NotebookDocument.Load(Path.Combine(folder, $"in{i}.ipynb")).Save(Path.Combine(folder, $"ours{i++}.ipynb"));
            },
            iter: 20, threads: 1);
        const string Script = """
            import glob, json, sys, nbformat
            for path in glob.glob(sys.argv[1] + '/in*.ipynb'):
                ours = path.replace('/in', '/ours')
                text = open(ours, encoding='utf-8', newline='').read()
                raw = json.load(open(path, encoding='utf-8'))
                for number, cell in enumerate(raw['cells']):
                    if raw['nbformat_minor'] >= 5: cell.setdefault('id', 'cell-%d' % (number + 1))
                node = nbformat.reads(json.dumps(raw), as_version=nbformat.NO_CONVERT)
                theirs = nbformat.writes(node, version=nbformat.NO_CONVERT) + '\n'
                if theirs != text: sys.exit('differs: %s\n%s\n----\n%s' % (ours, theirs, text))
            """;
        ToolResult result = RequiredTool.Run(python, "-c", Script, folder);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    [Theory]
    [InlineData("", "is not valid JSON")]
    [InlineData("[]", "holds no JSON object")]
    [InlineData("{}", "no 'nbformat' number")]
    [InlineData("""{"nbformat":3,"nbformat_minor":0,"metadata":{},"worksheets":[]}""", "is in notebook format 3")]
    [InlineData("""{"nbformat":5,"nbformat_minor":0,"metadata":{},"cells":[]}""", "says notebook format 5")]
    [InlineData("""{"nbformat":4,"metadata":{},"cells":[]}""", "no whole number 'nbformat_minor'")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"cells":[]}""", "no object 'metadata'")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{}}""", "no list 'cells'")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{},"metadata":{},"cells":[]}""", "is not valid JSON")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[7]}""", "cell 1 is no JSON object")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"heading","id":"a","metadata":{},"source":""}]}""", "cell 1 (id 'a') is of type 'heading'")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"markdown","id":"a","metadata":{},"source":[1]}]}""", "cell 1 (id 'a') has no 'source'")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"markdown","id":"a b","metadata":{},"source":""}]}""", "cell 1 has the id 'a b'")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"raw","id":"a","metadata":{},"source":""},{"cell_type":"raw","id":"a","metadata":{},"source":""}]}""", "cell 2 has the id 'a', as an earlier cell has")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"code","id":"a","metadata":{},"source":"","execution_count":null}]}""", "no list 'outputs'")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"code","id":"a","metadata":{},"source":"","execution_count":null,"outputs":[{"output_type":"stream"}]}]}""", "output 1 is a stream without")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5,"metadata":{"a":"\ud800"},"cells":[]}""", "surrogate")]
    public void A_malformed_file_gives_one_sentence_that_names_file_and_cell(string json, string telling)
    {
        NotebookFormatException e = Assert.Throws<NotebookFormatException>(() => NotebookDocument.Parse(json, "wrong.ipynb"));
        Assert.StartsWith("wrong.ipynb", e.Message, StringComparison.Ordinal);
        Assert.Contains(telling, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void A_file_that_is_no_text_is_refused_by_name()
    {
        string path = Path.Combine(folder, "binary.ipynb");
        File.WriteAllBytes(path, [0xff, 0xfe, 0x00, 0x81]);
        Assert.Contains("binary.ipynb is not UTF-8", Assert.Throws<NotebookFormatException>(() => NotebookDocument.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Saving_replaces_the_file_whole_and_leaves_nothing_beside_it()
    {
        string path = Path.Combine(folder, "n.ipynb"), link = Path.Combine(folder, "link.ipynb");
        new NotebookDocument().Save(path);
        NotebookDocument document = NotebookDocument.Load(path);
        document.Cells.Add(new NotebookCell(CellKind.Code, "first", "1 + 1\n2"));
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(link, path);
            document.Save(link);
            Assert.NotNull(new FileInfo(link).LinkTarget);
        }
        else
        {
            document.Save(path);
        }
        Assert.Equal("1 + 1\n2", NotebookDocument.Load(path).Cells[0].Source);
        Assert.Throws<IOException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new IOException("the disk is full");
        }));
        Assert.Equal("1 + 1\n2", NotebookDocument.Load(path).Cells[0].Source);
        Assert.DoesNotContain(Directory.GetFiles(folder), file => file.EndsWith(".partial", StringComparison.Ordinal));
    }

    // Lists of lines and whole texts mean the same, and an id that the format demands may be filled in.
    private static JsonNode Meaning(JsonNode? node)
    {
        JsonObject root = node!.DeepClone().AsObject();
        foreach (JsonObject cell in root["cells"]!.AsArray().OfType<JsonObject>())
        {
            if (cell["id"]?.GetValue<string>().StartsWith("cell-", StringComparison.Ordinal) == true)
            {
                cell.Remove("id");
            }
            Join(cell, "source");
            foreach (JsonObject output in (cell["outputs"] as JsonArray ?? []).OfType<JsonObject>())
            {
                Join(output, "text");
                JoinAll(output["data"] as JsonObject);
            }
            foreach ((_, JsonNode? attachment) in cell["attachments"] as JsonObject ?? [])
            {
                JoinAll(attachment as JsonObject);
            }
        }
        return Sorted(root)!;
    }

    private static void JoinAll(JsonObject? bundle)
    {
        foreach (string key in bundle?.Select(entry => entry.Key).Where(key => !key.EndsWith("json", StringComparison.Ordinal)).ToArray() ?? [])
        {
            Join(bundle!, key);
        }
    }

    private static void Join(JsonObject owner, string key)
    {
        if (owner[key] is JsonArray lines && lines.All(line => line is JsonValue))
        {
            owner[key] = string.Concat(lines.Select(line => line!.GetValue<string>()));
        }
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject entries => new JsonObject(entries.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => KeyValuePair.Create(entry.Key, Sorted(entry.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    private static readonly Gen<string> AnyText = Gen.OneOf(
        Gen.String[Gen.Char["abc é\u2028\u0085\t\"\\<>&'\u0001{}/漢"], 0, 12],
        Gen.Const("line one\nline two\r\nlast"), Gen.Const("😀 ends\n"), Gen.Const("\n\n"), Gen.Const(""));

    private static readonly Gen<JsonNode?> AnyValue = Gen.OneOf<JsonNode?>(
        AnyText.Select(text => (JsonNode?)JsonValue.Create(text)),
        Gen.Int.Select(number => (JsonNode?)JsonValue.Create(number)),
        Gen.Double[-1e6, 1e6].Select(number => (JsonNode?)JsonValue.Create(Math.Round(number, 3) + 0.0)),
        Gen.Bool.Select(yes => (JsonNode?)JsonValue.Create(yes)),
        Gen.Const((JsonNode?)null),
        AnyText.Array[0, 3].Select(texts => (JsonNode?)new JsonArray([.. texts.Select(text => JsonValue.Create(text))])),
        AnyText.Select(text => (JsonNode?)new JsonObject { ["b"] = text, ["a"] = new JsonObject() }));

    private static readonly Gen<JsonObject> AnyMetadata = Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 8], AnyValue).Array[0, 3].Select(Entries);

    private static readonly Gen<JsonNode> AnySource = Gen.OneOf(
        AnyText.Select(text => (JsonNode)JsonValue.Create(text)!),
        AnyText.Array[0, 4].Select(lines => (JsonNode)new JsonArray([.. lines.Select(line => JsonValue.Create(line + "\n"))])));

    private static readonly Gen<JsonObject> AnyOutput = Gen.OneOf(
        Gen.Select(Gen.Bool.Select(error => error ? "stderr" : "stdout"), AnySource, (name, text) => new JsonObject { ["output_type"] = "stream", ["name"] = name, ["text"] = text }),
        Gen.Select(AnySource, AnyMetadata, AnyMetadata, (text, json, metadata) => new JsonObject
        {
            ["output_type"] = "display_data",
            ["data"] = new JsonObject { ["text/plain"] = text, ["application/vnd.x+json"] = json },
            ["metadata"] = metadata,
        }),
        AnyText.Select(text => new JsonObject { ["output_type"] = "error", ["ename"] = "E", ["evalue"] = text, ["traceback"] = new JsonArray(text) }));

    private static readonly Gen<JsonObject> AnyCell = Gen.Select(Gen.Int[0, 2], AnySource, AnyMetadata, AnyOutput.Array[0, 3], Gen.Bool, (kind, source, metadata, outputs, run) =>
    {
        JsonObject cell = new() { ["cell_type"] = ((string[])["code", "markdown", "raw"])[kind], ["metadata"] = metadata, ["source"] = source };
        if (kind == 0)
        {
            cell["execution_count"] = run ? 3 : null;
            cell["outputs"] = new JsonArray([.. outputs.Select(output => output.DeepClone())]);
        }
        else if (kind == 1 && run)
        {
            cell["attachments"] = new JsonObject { ["a.png"] = new JsonObject { ["image/png"] = "aGk=\n" } };
        }
        return cell;
    });

    private static readonly Gen<JsonObject> Notebook = Gen.Select(AnyCell.Array[0, 5], AnyMetadata, Gen.Int[0, 5], Gen.Bool, (cells, metadata, minor, named) => new JsonObject
    {
        ["nbformat"] = 4,
        ["nbformat_minor"] = minor,
        ["metadata"] = metadata,
        ["cells"] = new JsonArray([.. cells.Select((cell, i) =>
        {
            JsonObject copy = cell.DeepClone().AsObject();
            if (minor == 5 && (named || i % 2 == 0))
            {
                copy["id"] = $"given-{i}";
            }
            return (JsonNode)copy;
        })]),
    });

    private static JsonObject Entries((string Key, JsonNode? Value)[] entries)
    {
        JsonObject all = [];
        foreach ((string key, JsonNode? value) in entries)
        {
            all[key] = value?.DeepClone();
        }
        return all;
    }
}
