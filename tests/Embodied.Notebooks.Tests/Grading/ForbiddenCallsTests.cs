using System.Diagnostics;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Grading;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Grading;

public sealed class ForbiddenCallsTests
{
    private const string Setup = """
        #r "TorchSharp.dll"
        #r "Embodied.dll"
        using System.IO;
        using Embodied.EnergyBased;
        using Embodied.Objects;
        using Embodied.Worlds;
        using TorchSharp;
        using static TorchSharp.torch;
        """;

    private const string Given = "var rbm = new Rbm(4, 3, new Generator(1)); Tensor v = ones(2, 4); DenseAffinity dense = null!; Vec2 p = new(1, 2);";
    private const string Rbm = "Embodied.EnergyBased.Rbm";
    private const string FreeEnergy = Rbm + ".FreeEnergy";
    private const string Apply = "Embodied.Objects.DenseAffinity.Apply";

    public static TheoryData<string, string, string, int> Tricks => new()
    {
        // What is forbidden, the cell, the symbol found, its line.
        { FreeEnergy, "rbm.FreeEnergy(v)", FreeEnergy, 1 },
        { FreeEnergy, "// a comment\n\nrbm\n    .FreeEnergy(v);", FreeEnergy, 4 },
        { FreeEnergy, "using R = Embodied.EnergyBased.Rbm;\nR Make() => rbm;\nvar f = Make().FreeEnergy(v);", FreeEnergy, 3 },
        { FreeEnergy, "var r = rbm;\nvar f = r?.FreeEnergy(v);", FreeEnergy, 2 },
        { FreeEnergy, "Func<Tensor, Tensor> f = rbm.FreeEnergy;", FreeEnergy, 1 },
        { FreeEnergy, "var f = rbm.FreeEnergy;", FreeEnergy, 1 },
        { FreeEnergy, "var f = new Func<Tensor, Tensor>(rbm.FreeEnergy);", FreeEnergy, 1 },
        { FreeEnergy, "class Mine\n{\n    public Tensor Of(Rbm r, Tensor v) => r.FreeEnergy(v);\n}", FreeEnergy, 3 },
        { FreeEnergy, "class Mine\n{\n    Tensor at = new Rbm(1, 1, null).FreeEnergy(null);\n}", FreeEnergy, 2 + 1 },
        { FreeEnergy, "Tensor F()\n{\n    Tensor G() => rbm.FreeEnergy(v);\n    return G();\n}", FreeEnergy, 3 },
        { FreeEnergy, "var f = new[] { v }.Select(rbm.FreeEnergy);", FreeEnergy, 1 },
        { FreeEnergy, "var f = from x in new[] { v }\n        select rbm.FreeEnergy(x);", FreeEnergy, 2 },
        { FreeEnergy, "#line 100 \"elsewhere\"\nrbm.FreeEnergy(v);", FreeEnergy, 2 },
        { FreeEnergy, "var s = $\"{rbm.FreeEnergy(v)}\";", FreeEnergy, 1 },
        { FreeEnergy, "rbm.@FreeEnergy(v);", FreeEnergy, 1 },
        { FreeEnergy, "rbm.Free\\u0045nergy(v);", FreeEnergy, 1 },
        { FreeEnergy, "dynamic r = rbm;\nvar f = r.FreeEnergy(v);", FreeEnergy, 2 },
        { FreeEnergy, "dynamic x = v;\nvar f = rbm.FreeEnergy(x);", FreeEnergy, 2 },
        { FreeEnergy, "System.Linq.Expressions.Expression<Func<Tensor, Tensor>> f = x => rbm.FreeEnergy(x);", FreeEnergy, 1 },
        { FreeEnergy, "rbm.FreeEnergy(v);\nint broken = \"text\";", FreeEnergy, 1 },
        { FreeEnergy, "rbm.FreeEnergy();", FreeEnergy, 1 },
        { FreeEnergy, "var f = rbm.FreeEnergy(v", FreeEnergy, 1 },
        { Rbm + ".Flip", "using static Embodied.EnergyBased.Rbm;\nvar f = Flip(v, null);", Rbm + ".Flip", 2 },
        { Rbm + ".Flip", "unsafe { delegate*<Tensor, Generator, Tensor> f = &Rbm.Flip; }", Rbm + ".Flip", 1 },
        { Rbm + ".W", "var w = rbm.W;", Rbm + ".W", 1 },
        { Rbm + ".Visible", "if (rbm is { Visible: > 3 }) { }", Rbm + ".Visible", 1 },
        { Rbm + "..ctor", "var r = new Rbm(1, 1, null);", Rbm + "..ctor", 1 },
        { Rbm + ".ctor", "Rbm r =\n    new(1, 1, null);", Rbm + "..ctor", 2 },
        { Rbm + ".ctor", "Activator.CreateInstance(typeof(Rbm), 1, 1);", Rbm + "..ctor", 1 },
        { Rbm, "Rbm r = null;", Rbm, 1 },
        { Rbm, "var r = rbm;", Rbm, 1 },
        { Rbm, "int n = rbm.Visible;", Rbm + ".Visible", 1 },
        { Rbm, "T Same<T>(T x) => x;\nobject o = Same(rbm);", Rbm, 2 },
        { Rbm, "var all = new List<Rbm>();", Rbm, 1 },
        { Rbm, "bool b = (object)v is Rbm;", Rbm, 1 },
        { Rbm, "object o = typeof(Rbm);", Rbm, 1 },
        { Rbm, "var all = rbm.parameters();", "TorchSharp.torch.nn.Module.parameters", 1 },
        { Rbm + ".*", "int n = rbm.Visible;", Rbm + ".Visible", 1 },
        { "TorchSharp.torch.nn.functional.*", "var y = nn.functional.softplus(v);", "TorchSharp.torch.nn.functional.softplus", 1 },
        { "TorchSharp.torch.nn.functional.*", "using static TorchSharp.torch.nn.functional;\nvar y = relu(v);", "TorchSharp.torch.nn.functional.relu", 2 },
        { "Embodied.EnergyBased", "var y = ExactRbm.LogPartition(rbm);", "Embodied.EnergyBased.ExactRbm.LogPartition", 1 },
        { "Embodied.EnergyBased.*", "var y = ExactRbm.LogPartition(rbm);", "Embodied.EnergyBased.ExactRbm.LogPartition", 1 },
        { "Embodied.Objects.NormalizedCut.Solve", "var s = NormalizedCut.Solve(dense);", "Embodied.Objects.NormalizedCut.Solve", 1 },
        { Apply, "ISymmetricOperator op = dense;\nop.Apply(null, null);", Apply, 2 },
        { Apply, "((ISymmetricOperator)dense).Apply(null, null);", Apply, 1 },
        { Apply, "void Times<T>(T op) where T : ISymmetricOperator => op.Apply(null, null);", Apply, 1 },
        { "Embodied.Objects.ISymmetricOperator.Apply", "dense.Apply(null, null);", "Embodied.Objects.ISymmetricOperator.Apply", 1 },
        { "TorchSharp.torch.nn.Module.parameters", "var all = rbm.parameters();", "TorchSharp.torch.nn.Module.parameters", 1 },
        { "System.IO.MemoryStream.Read", "Stream s = new MemoryStream();\ns.Read([], 0, 0);", "System.IO.MemoryStream.Read", 2 },
        { "System.IO.Stream.Read", "MemoryStream s = new();\ns.Read([], 0, 0);", "System.IO.Stream.Read", 2 },
        { "TorchSharp.torch.Tensor.op_Addition", "var y = v + v;", "TorchSharp.torch.Tensor.op_Addition", 1 },
        { "TorchSharp.torch.Tensor.op_Addition", "var y = v;\ny += v;", "TorchSharp.torch.Tensor.op_Addition", 2 },
        { "TorchSharp.torch.Tensor.op_UnaryNegation", "var y = -v;", "TorchSharp.torch.Tensor.op_UnaryNegation", 1 },
        { "TorchSharp.torch.Tensor.Item", "var y = v[0];", "TorchSharp.torch.Tensor.TensorItems", 1 },
        { "TorchSharp.torch.Tensor.this", "var y = v[0];", "TorchSharp.torch.Tensor.TensorItems", 1 },
        { "TorchSharp.Scalar.op_Implicit", "Scalar y = 3;", "TorchSharp.Scalar.op_Implicit", 1 },
        { "TorchSharp.Scalar.op_Implicit", "var y = v.add(3);", "TorchSharp.Scalar.op_Implicit", 1 },
        { "System.Numerics.BigInteger.op_Increment", "System.Numerics.BigInteger n = default;\nn++;", "System.Numerics.BigInteger.op_Increment", 2 },
        { "System.Linq.Enumerable.Sum", "var y = new[] { 1 }.Sum();", "System.Linq.Enumerable.Sum", 1 },
        { "System.Linq.Enumerable.Sum", "var y = Enumerable.Sum(new[] { 1 });", "System.Linq.Enumerable.Sum", 1 },
        { "System.Linq.Enumerable.Select", "var y = from x in new[] { 1 }\n        select x + 1;", "System.Linq.Enumerable.Select", 2 },
        { "System.Collections.Generic.List.Add", "var y = new List<int>\n{\n    3,\n};", "System.Collections.Generic.List.Add", 3 },
        { "System.Collections.Generic.HashSet.Add", "HashSet<int> y = [3];", "System.Collections.Generic.HashSet.Add", 1 },
        { "System.Collections.Generic.HashSet.ctor", "HashSet<int> y = [3];", "System.Collections.Generic.HashSet..ctor", 1 },
        { "System.Collections.Generic.List.GetEnumerator", "var y = new List<int>();\nforeach (int x in y) { }", "System.Collections.Generic.List.GetEnumerator", 2 },
        { "System.IO.StringReader.Dispose", "using (StringReader y = new(\"\")) { }", "System.IO.StringReader.Dispose", 1 },
        { "System.IO.TextReader.Dispose", "{\n    using StringReader y = new(\"\");\n}", "System.IO.TextReader.Dispose", 2 },
        { "System.Runtime.CompilerServices.TaskAwaiter.GetResult", "await Task.CompletedTask;", "System.Runtime.CompilerServices.TaskAwaiter.GetResult", 1 },
        { "System.Collections.Generic.KeyValuePair.Deconstruct", "var (a, b) = new KeyValuePair<int, int>(1, 2);", "System.Collections.Generic.KeyValuePair.Deconstruct", 1 },
        { "System.Collections.Generic.KeyValuePair.Deconstruct", "foreach (var (a, b) in new Dictionary<int, int>()) { }", "System.Collections.Generic.KeyValuePair.Deconstruct", 1 },
        { "System.Collections.Generic.KeyValuePair.Deconstruct", "bool y = new KeyValuePair<int, int>(1, 2) is (1, _);", "System.Collections.Generic.KeyValuePair.Deconstruct", 1 },
        { "System.Text.StringBuilder.ctor", "T Make<T>() where T : new() => new T();\nvar y = Make<StringBuilder>();", "System.Text.StringBuilder..ctor", 2 },
        { "System.IO.MemoryStream.ctor", "class Mine : MemoryStream;", "System.IO.MemoryStream..ctor", 1 },

        { FreeEnergy, "var f = global::Embodied.EnergyBased.ExactRbm.States(3);\nvar g = (Func<Tensor, Tensor>)rbm.FreeEnergy;", FreeEnergy, 2 },
        { FreeEnergy, "Delegate f = rbm.FreeEnergy;", FreeEnergy, 1 },
        { FreeEnergy, "var f = await Task.Run(() => rbm.FreeEnergy(v));", FreeEnergy, 1 },
        { FreeEnergy, "class A(Tensor t) { }\nclass B(Rbm r, Tensor v) : A(r.FreeEnergy(v)) { }", FreeEnergy, 2 },
        { FreeEnergy, "class A { public A(Tensor t) { }\n public A(Rbm r, Tensor v) : this(r.FreeEnergy(v)) { } }", FreeEnergy, 2 },
        { FreeEnergy, "static class X\n{\n    extension(Rbm r) { public Tensor F(Tensor v) => r.FreeEnergy(v); }\n}", FreeEnergy, 3 },
        { FreeEnergy, "Tensor At\n{\n    get { return rbm.FreeEnergy(v); }\n}", FreeEnergy, 3 },
        { FreeEnergy, "delegate Tensor F(Tensor v);\nF f = rbm.FreeEnergy;", FreeEnergy, 2 },
        { FreeEnergy, "if (false) rbm.FreeEnergy(v);", FreeEnergy, 1 },
        { FreeEnergy, "var f = new { E = rbm.FreeEnergy(v) };", FreeEnergy, 1 },
        { FreeEnergy, "switch (v) { case var x when rbm.FreeEnergy(x) is null: break; }", FreeEnergy, 1 },
        { Rbm + ".Visible", "bool b = (r: rbm, 1) is { r.Visible: 3 };", Rbm + ".Visible", 1 },
        { "Embodied.Worlds.Vec2.op_Multiply", "var q = 2 * p;", "Embodied.Worlds.Vec2.op_Multiply", 1 },
        { "Embodied.Worlds.Vec2", "Func<Vec2> f = () => new() { X = 2 };", "Embodied.Worlds.Vec2..ctor", 1 },
        { "Embodied.Worlds.Vec2.X", "var q = p with { X = 3 };", "Embodied.Worlds.Vec2.X", 1 },
        { "Embodied.Worlds.Vec2.Deconstruct", "double a, b; (a, b) = p;", "Embodied.Worlds.Vec2.Deconstruct", 1 },
        { "TorchSharp.torch.nn.Module.forward", "class Net : nn.Module<Tensor, Tensor>\n{\n    Net() : base(\"\") { }\n    public override Tensor forward(Tensor x) => x;\n}\nnn.Module<Tensor, Tensor> net = null;\nnet.forward(v);", "TorchSharp.torch.nn.Module.forward", 7 },
        { "System.Collections.Generic.List.GetEnumerator", "List<int> y = [];\nint[] z = [1, .. y];", "System.Collections.Generic.List.GetEnumerator", 2 },
        { "System.Range.ctor", "int a = 1;\nvar y = a..3;", "System.Range..ctor", 2 },
        { "System.String.Length", "bool y = \"abc\" is [_, .., 'c'];", "System.String.Length", 1 },
        { "System.ObsoleteAttribute", "[Obsolete] void F() { }", "System.ObsoleteAttribute..ctor", 1 },
        { "System.IDisposable.Dispose", "using (var y = new StringReader(\"\")) { }", "System.IDisposable.Dispose", 1 },

        { "TorchSharp.torch.nn.Module.parameters", "class A<T> where T : nn.Module\n{\n    object F(T r) => r.parameters();\n}", "TorchSharp.torch.nn.Module.parameters", 3 },
        { Rbm, "using L = System.Collections.Generic.List<Embodied.EnergyBased.Rbm>;\nL all = null;", Rbm, 2 },
        { Rbm, "using L = Embodied.EnergyBased.Rbm[];\nL all = null;", Rbm, 2 },
        { Rbm, "var all = new[] { rbm };", Rbm, 1 },
        { Rbm, "void F(out Rbm r) => r = null;\nF(out var x);", Rbm, 2 },
        { Rbm, "dynamic d = rbm;\nvar n = d.Visible;", Rbm + ".Visible", 2 },
        { Rbm, "((nn.Module)rbm).parameters();", "TorchSharp.torch.nn.Module.parameters", 1 },
        { "System.Int32.Parse", "T F<T>(string s) where T : IParsable<T> => T.Parse(s, null);", "System.Int32.Parse", 1 },
        { "System.IO.Stream.DisposeAsync", "await using (MemoryStream y = new()) { }", "System.IO.Stream.DisposeAsync", 1 },
        { "System.Collections.Generic.IAsyncEnumerator.MoveNextAsync", "async IAsyncEnumerable<int> F() { yield return 1; await Task.Yield(); }\nawait foreach (int x in F()) { }", "System.Collections.Generic.IAsyncEnumerator.MoveNextAsync", 2 },
        { "System.Console.CancelKeyPress", "Console.CancelKeyPress += null;", "System.Console.CancelKeyPress", 1 },
        { "System.Runtime.CompilerServices.DefaultInterpolatedStringHandler.AppendFormatted", "string.Create(null, $\"{v}\");", "System.Runtime.CompilerServices.DefaultInterpolatedStringHandler.AppendFormatted", 1 },
        { "System.DateTime.op_Equality", "bool b = (DateTime.Now, 1) == (DateTime.Now, 1);", "System.DateTime.op_Equality", 1 },
        { "TorchSharp.torch.Tensor.op_Addition", "dynamic y = v;\nvar z = y + v;", "TorchSharp.torch.Tensor.op_Addition", 2 },
        { "TorchSharp.torch.Tensor.this", "dynamic y = v;\nvar z = y[0];", "TorchSharp.torch.Tensor.TensorItems", 2 },

        { "TorchSharp.torch.Tensor.op_UnaryNegation", "dynamic y = v;\nvar z = -y;", "TorchSharp.torch.Tensor.op_UnaryNegation", 2 },
        { "TorchSharp.torch.Tensor.op_Addition", "dynamic y = v;\ny += v;", "TorchSharp.torch.Tensor.op_Addition", 2 },

        // By its name.
        { FreeEnergy, "typeof(Rbm).GetMethod(\"FreeEnergy\")", FreeEnergy, 1 },
        { FreeEnergy, "rbm.GetType()\n    .GetMethod(\"Free\" + \"Energy\").Invoke(rbm, [v]);", FreeEnergy, 2 },
        { FreeEnergy, "const string Name = \"FreeEnergy\";\nvar m = typeof(Rbm).GetMethod(Name);", FreeEnergy, 2 },
        { FreeEnergy, "static class Names { public const string One = \"Free\" + Two; const string Two = \"Energy\"; }\nvar m = typeof(Rbm).GetMethod(Names.One);", FreeEnergy, 2 },
        { FreeEnergy, "var m = typeof(Rbm).GetMethod(nameof(Rbm.FreeEnergy));", FreeEnergy, 1 },
        { FreeEnergy, "const string a = \"Energy\";\nvar m = typeof(Rbm).GetMethod($\"Free{a}\");", FreeEnergy, 2 },
        { FreeEnergy, "var f = Delegate.CreateDelegate(typeof(Func<Tensor, Tensor>), rbm, \"freeenergy\", true);", FreeEnergy, 1 },
        { FreeEnergy, "typeof(Rbm).InvokeMember(\"FreeEnergy\", default, null, rbm, [v])", FreeEnergy, 1 },
        { FreeEnergy, "System.Linq.Expressions.Expression.Call(System.Linq.Expressions.Expression.Constant(rbm), \"FreeEnergy\", null)", FreeEnergy, 1 },
        { Rbm, "var t = Type.GetType(\"Embodied.EnergyBased.Rbm\");", Rbm, 1 },
        { Rbm, "var t = Type.GetType(\"Embodied.EnergyBased.Rbm, Embodied\");", Rbm, 1 },
        { "Embodied.EnergyBased", "var t = Type.GetType(\"Embodied.EnergyBased.Rbm, Embodied\");", Rbm, 1 },
    };

    [Theory]
    [MemberData(nameof(Tricks))]
    public void Every_way_to_a_forbidden_symbol_is_found(string forbidden, string code, string symbol, int line)
    {
        IReadOnlyList<ForbiddenCall> found = Check([forbidden], code, new ForbiddenCallsOptions { AllowReflection = true });
        ForbiddenCall first = found.FirstOrDefault(call => call.Line == line) ?? throw new InvalidOperationException($"Found: {string.Join("; ", found)}");
        Assert.Equal((ForbiddenCallKind.Symbol, symbol, "answer"), (first.Kind, first.Symbol, first.Cell));
        Assert.All(found, call => Assert.Equal(ForbiddenCallKind.Symbol, call.Kind));
        Assert.StartsWith($"Line {line} ", first.Message, StringComparison.Ordinal);
        Assert.EndsWith(", which this exercise asks you to write yourself.", first.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("typeof(Rbm).GetMethods()", "System.Type.GetMethods")]
    [InlineData("string n = Console.ReadLine()!; typeof(Rbm).GetMethod(n)", "System.Type.GetMethod")]
    [InlineData("Type.GetType(\"Embodied.EnergyBased.Rbm, Embodied\")", "System.Type.GetType")]
    [InlineData("Activator.CreateInstance(typeof(StringBuilder))", "System.Activator.CreateInstance")]
    [InlineData("Activator.CreateInstance<StringBuilder>()", "System.Activator.CreateInstance")]
    [InlineData("var a = typeof(Rbm).Assembly;", "System.Type.Assembly")]
    [InlineData("System.Reflection.Assembly.LoadFrom(\"x.dll\")", "System.Reflection.Assembly.LoadFrom")]
    [InlineData("System.Reflection.Assembly.Load(\"Embodied\")", "System.Reflection.Assembly.Load")]
    [InlineData("new System.Reflection.Emit.DynamicMethod(\"m\", null, null)", "System.Reflection.Emit.DynamicMethod..ctor")]
    [InlineData("System.Linq.Expressions.Expression.Call(typeof(Enumerable), \"Any\", [])", "System.Linq.Expressions.Expression.Call")]
    [InlineData("Func<int> f = () => 1; var m = f.Method;", "System.Delegate.Method")]
    [InlineData("System.Diagnostics.Process.Start(\"ls\")", "System.Diagnostics.Process.Start")]
    [InlineData("[System.Runtime.InteropServices.DllImport(\"c\")] static extern int getpid();", "System.Runtime.InteropServices.DllImportAttribute..ctor")]
    [InlineData("class A { [System.Runtime.CompilerServices.UnsafeAccessor(System.Runtime.CompilerServices.UnsafeAccessorKind.Method, Name = \"x\")] static extern int G(Rbm r); }", "System.Runtime.CompilerServices.UnsafeAccessorAttribute..ctor")]
    [InlineData("int One() => 1; unsafe { static int Two() => 2; delegate*<int> f = &Two; f(); }", "delegate*")]
    [InlineData("System.Runtime.InteropServices.NativeLibrary.Load(\"c\")", "System.Runtime.InteropServices.NativeLibrary.Load")]
    [InlineData("new Embodied.Interactive.Session.CSharpSession()", "Embodied.Interactive.Session.CSharpSession..ctor")]
    [InlineData("Microsoft.VisualBasic.Interaction.CallByName(rbm, \"x\", default)", "Microsoft.VisualBasic.Interaction.CallByName")]
    [InlineData("AppDomain.CurrentDomain.GetAssemblies()", "System.AppDomain.GetAssemblies")]
    public void Ways_past_the_compiler_are_not_allowed(string code, string symbol)
    {
        ForbiddenCall found = Assert.Single(Check([FreeEnergy], code));
        Assert.Equal((ForbiddenCallKind.Reflection, symbol, 1), (found.Kind, found.Symbol, found.Line));
        Assert.EndsWith("not allowed in graded exercises.", found.Message, StringComparison.Ordinal);
        Assert.Empty(Check([FreeEnergy], code, new ForbiddenCallsOptions { AllowReflection = true }));
    }

    [Theory]
    [InlineData("Tensor FreeEnergy(Tensor v) => -v.matmul(rbm.b); var f = FreeEnergy(v);")]
    [InlineData("class Rbm { public int FreeEnergy(int v) => v; } var f = new Rbm().FreeEnergy(3);")]
    [InlineData("class Mine { public int FreeEnergy; } var f = new Mine { FreeEnergy = 3 }.FreeEnergy;")]
    [InlineData("Console.WriteLine(\"FreeEnergy\");")]
    [InlineData("Console.WriteLine(\"rbm.FreeEnergy(v)\"); // rbm.FreeEnergy(v)\n/* rbm.FreeEnergy(v) */")]
    [InlineData("#if false\nrbm.FreeEnergy(v);\n#endif")]
    [InlineData("string s = nameof(rbm.FreeEnergy) + nameof(Rbm.FreeEnergy);")]
    [InlineData("Tensor FreeEnergy(dynamic x) => x; dynamic y = v; var f = FreeEnergy(y);")]
    [InlineData("dynamic y = v; var f = y.sum();")]
    [InlineData("using R = Embodied.EnergyBased.Rbm; R r = rbm; var e = r.Energy(v, v);")]
    [InlineData("Console.WriteLine(rbm.GetType().Name + typeof(Rbm).FullName);")]
    [InlineData("bool same = rbm.GetType() == typeof(Rbm);")]
    [InlineData("var f = from x in Enumerable.Range(0, 3) where x > 1 group x by x % 2 into g select g.Sum();")]
    [InlineData("ISymmetricOperator op = new FunctionOperator(3, (x, y) => { }); op.Apply(null, null);")]
    [InlineData("try { } catch (System.Reflection.TargetInvocationException) { }")]
    [InlineData("foreach (var (name, p) in rbm.named_parameters()) { using var y = p.exp(); await Task.Yield(); }")]
    [InlineData("using System.Reflection; using Embodied.EnergyBased; int n = 3;")]
    [InlineData("System.Linq.Expressions.Expression<Func<int, int>> e = x => x + 1; var f = e.Compile();")]
    [InlineData("record Point(int X, int Y); var (a, b) = new Point(1, 2) with { X = 3 }; Span<int> s = [1, 2, 3]; var t = s[^1..];")]
    [InlineData("this does not compile at all ((")]
    [InlineData("")]
    public void Harmless_programs_are_left_alone(string code) => Assert.Empty(Check([FreeEnergy, "Embodied.Objects.NormalizedCut", "Embodied.Evaluation", "TorchSharp.torch.nn.functional.*"], code));

    [Fact]
    public void A_given_object_of_a_forbidden_type_may_be_handed_on() => Assert.Empty(Check([Rbm], "Console.WriteLine(rbm); string s = nameof(Rbm);"));

    [Fact]
    public void An_object_known_to_be_something_else_may_be_called_by_the_same_interface()
    {
        Assert.Empty(Check([Apply], "FunctionOperator mine = new(3, (x, y) => { }); mine.Apply(null, null); ((ISymmetricOperator)mine).Apply(null, null);"));
        Assert.Empty(Check(["Embodied.Objects.ISymmetricOperator.Apply"], "class Mine : ISymmetricOperator { public int Size => 1; public void Apply(double[] x, double[] y) { } } new Mine().Apply(null, null);"));
    }

    [Theory]
    [InlineData("01-energy-based-learning.ipynb")]
    [InlineData("08-normalized-cuts.ipynb")]
    public void The_courses_own_notebooks_break_no_rule(string name)
    {
        string folder = Path.Combine(CourseTool.Root, "notebooks");
        NotebookCell[] cells = [.. NotebookDocument.Load(Path.Combine(folder, name)).Cells.Where(cell => cell.Kind == CellKind.Code)];
        ForbiddenCallsOptions options = new() { WorkingDirectory = folder };
        Assert.Empty(new ForbiddenCalls(["System.Collections.Generic.SortedSet"], cells[0].Source, options).Check(cells.Select(cell => new GradedCell(cell.Id, cell.Source))));
        // They were understood, not skipped for errors: the last cell is seen to use what the first ones declare.
        IReadOnlyList<ForbiddenCall> figures = new ForbiddenCalls(["Embodied.Figures"], cells[0].Source, options).Check(cells.Select(cell => new GradedCell(cell.Id, cell.Source)));
        Assert.True(figures.Select(call => call.Cell).Distinct().Count() > 3);
    }

    [Fact]
    public void The_sentence_says_line_and_name()
    {
        Assert.Equal(
            [
                new ForbiddenCall("answer", 2, 5, ForbiddenCallKind.Symbol, FreeEnergy, "Line 2 calls Rbm.FreeEnergy, which this exercise asks you to write yourself."),
                new ForbiddenCall("answer", 3, 13, ForbiddenCallKind.Symbol, FreeEnergy, "Line 3 reaches by its name Rbm.FreeEnergy, which this exercise asks you to write yourself."),
                new ForbiddenCall("answer", 4, 13, ForbiddenCallKind.Reflection, "System.Type.GetMethods", "Line 4 uses Type.GetMethods; reflection is not allowed in graded exercises."),
            ],
            Check([FreeEnergy], "int n = 3;\nrbm.FreeEnergy(v);\ntypeof(Rbm).GetMethod(\"FreeEnergy\");\ntypeof(Rbm).GetMethods();"));
    }

    [Fact]
    public void Two_cells_and_two_symbols_are_told_apart()
    {
        ForbiddenCalls calls = new([FreeEnergy, Rbm + ".Energy"], Setup);
        IReadOnlyList<ForbiddenCall> found = calls.Check(
            [new("setup", Setup), new("given", Given + "var f = rbm.FreeEnergy(v);", IsGiven: true), new("a", "var e = rbm.FreeEnergy(v) + rbm.Energy(v, v);"), new("b", "Rbm Two() => rbm;"), new("c", "Two().Energy(v, v)")]);
        Assert.Equal([("a", FreeEnergy), ("a", Rbm + ".Energy"), ("c", Rbm + ".Energy")], found.Select(call => (call.Cell, call.Symbol)));
    }

    [Fact]
    public void What_a_broken_cell_declares_hides_nothing()
    {
        ForbiddenCalls calls = new([FreeEnergy], Setup);
        IReadOnlyList<ForbiddenCall> found = calls.Check(
            [new("setup", Setup), new("given", Given), new("a", "class Mine { public int FreeEnergy(object o) => 1; } var rbm = new Mine(); int broken = \"\";"), new("b", "rbm.FreeEnergy(v)")]);
        Assert.Equal("b", Assert.Single(found).Cell);
    }

    [Fact]
    public void Cells_that_nest_deeply_are_checked()
    {
        string sum = string.Join(" + ", Enumerable.Repeat("n", 1000));
        Assert.Equal(2, Assert.Single(Check([FreeEnergy], $"int n = 3; int m = {sum};\nrbm.FreeEnergy(v);")).Line);
        Assert.NotNull(Check([FreeEnergy], $"int n = {new string('(', 3000)}1{new string(')', 3000)};"));
        Assert.NotNull(Check([FreeEnergy], $"var y = v{string.Concat(Enumerable.Repeat(".abs()", 200))};"));
        Assert.NotNull(Check([FreeEnergy], string.Concat(Enumerable.Repeat("if (true) ", 200)) + ";"));
    }

    [Fact]
    public void Notebooks_can_be_checked_at_once()
    {
        ForbiddenCalls calls = new([FreeEnergy], Setup);
        Parallel.For(0, 16, k => Assert.Equal(k % 2, calls.Check([new("setup", Setup), new("given", Given), new("a", k % 2 == 0 ? "rbm.Energy(v, v)" : "rbm.FreeEnergy(v)")]).Count));
    }

    [Theory]
    [InlineData("#r \"missing.dll\"")]
    [InlineData("#load \"missing.csx\"")]
    [InlineData("#r \"nuget: \"")]
    [InlineData("#r \"nuget: Nothing.Like.This\"\nusing Nothing.Like;")]
    public void What_a_missing_library_leaves_is_checked(string directive) =>
        Assert.Equal([ForbiddenCallKind.Reference, ForbiddenCallKind.Symbol], Check([FreeEnergy], directive + "\nvar f = rbm.FreeEnergy(v);").Select(call => call.Kind));

    [Theory]
    [InlineData("#r \"Embodied.dll\"", null)]
    [InlineData("#r \"some/folder/Embodied.dll\"", null)]
    [InlineData("#r \"Plotly.NET.dll\"", "Plotly.NET.dll")]
    [InlineData("#r \"missing.dll\"", "missing.dll")]
    [InlineData("#r \"nuget: Newtonsoft.Json, 13.0.3\"", "nuget: Newtonsoft.Json, 13.0.3")]
    [InlineData("#load \"answers.csx\"", "answers.csx")]
    public void Only_what_the_setup_cell_loads_may_be_loaded(string directive, string? written)
    {
        IReadOnlyList<ForbiddenCall> found = Check([FreeEnergy], directive + "\nint n = 3;");
        Assert.Equal(written is null ? [] : [(ForbiddenCallKind.Reference, written, 1)], found.Select(call => (call.Kind, call.Symbol, call.Line)));
    }

    [Fact]
    public void A_file_that_the_setup_cell_loads_may_be_loaded()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("forbidden-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "setup.csx"), "#r \"Embodied.dll\"\n#r \"TorchSharp.dll\"\nint helper = 3;");
            File.WriteAllText(Path.Combine(folder.FullName, "answers.csx"), "int answer = 3;");
            ForbiddenCalls calls = new([FreeEnergy], "#load \"setup.csx\"", new ForbiddenCallsOptions { WorkingDirectory = folder.FullName });
            IReadOnlyList<ForbiddenCall> found = calls.Check(
                [new("1", "#load \"setup.csx\"\n#r \"Embodied.dll\""), new("2", "#load \"./setup.csx\"\nvar f = new Embodied.EnergyBased.Rbm(helper, 1, null).FreeEnergy(null);"), new("3", "#load \"answers.csx\"")]);
            Assert.Equal([("2", FreeEnergy), ("3", "answers.csx")], found.Select(call => (call.Cell, call.Symbol)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("Embodied.EnergyBased.Rbm.FreeEnergie")]
    [InlineData("Embodied.EnergyBased.Rmb")]
    [InlineData("Nothing")]
    [InlineData("Embodied.EnergyBased.Rbm.FreeEnergy.*")]
    [InlineData("")]
    public void A_forbidden_name_that_is_not_there_is_the_instructors_mistake(string name)
    {
        ForbiddenSymbolException e = Assert.Throws<ForbiddenSymbolException>(() => new ForbiddenCalls([name], Setup));
        Assert.Contains($"'{name}'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setup_that_does_not_compile_is_the_instructors_mistake() =>
        Assert.Contains("setup cell", Assert.Throws<ForbiddenSymbolException>(() => new ForbiddenCalls([FreeEnergy], "int x = \"\";")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_cell_is_checked_in_no_time()
    {
        ForbiddenCalls calls = new([FreeEnergy, "TorchSharp.torch.nn.functional.*"], Setup);
        GradedCell[] cells = [new("setup", Setup), new("given", Given), .. Enumerable.Range(0, 8).Select(k => new GradedCell($"{k}", $"Tensor F{k}(Tensor x) => -x.matmul(rbm.b) - (x.matmul(rbm.W) + rbm.c).exp().log1p().sum(1); var f{k} = F{k}(v); foreach (double d in f{k}.data<float>()) {{ Console.WriteLine(d); }}"))];
        // The best of some: the machine has other things to do.
        double best = Enumerable.Range(0, 8).Min(_ =>
        {
            Stopwatch watch = Stopwatch.StartNew();
            Assert.Empty(calls.Check(cells));
            return watch.Elapsed.TotalMilliseconds / cells.Length;
        });
        TestContext.Current.SendDiagnosticMessage($"{best:F1} ms a cell");
        // Some 15 ms on a quiet machine; a class of 200 would not feel ten times as much.
        Assert.InRange(best, 0, 150);
    }

    private static IReadOnlyList<ForbiddenCall> Check(string[] symbols, string code, ForbiddenCallsOptions? options = null) =>
        new ForbiddenCalls(symbols, Setup, options).Check([new("setup", Setup), new("given", Given, IsGiven: true), new("answer", code)]);
}
