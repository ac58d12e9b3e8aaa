using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Embodied.Objects;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Interactive.Grading;

/// <summary>
/// Arguments and results of a function that runs in another process, as JSON: numbers, texts, lists, tuples, tensors and affinities.
/// What comes from a student's process is read by the type that is wanted, never by one that it names.
/// </summary>
internal static class CallValue
{
    private const long MostBytes = 256L * 1024 * 1024;

    /// <summary>Writes a value.</summary>
    /// <exception cref="CallValueException">Its type cannot travel.</exception>
    public static JsonNode? Write(object? value) => value switch
    {
        null => null,
        bool b => b,
        string text => text,
        int or long or short or byte => JsonValue.Create(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        float or double when double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)) => JsonValue.Create(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
        float or double => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        Tensor tensor => Write(tensor),
        ISymmetricOperator affinity => Write(Dense(affinity)),
        Array { Rank: 2 } grid => new JsonObject
        {
            ["rows"] = grid.GetLength(0), ["columns"] = grid.GetLength(1), ["items"] = new JsonArray([.. grid.Cast<object?>().Select(Write)]),
        },
        ITuple tuple => new JsonArray([.. Enumerable.Range(0, tuple.Length).Select(i => Write(tuple[i]))]),
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(Write)]),
        _ => throw new CallValueException($"a value of type {value.GetType().Name} cannot be passed on; numbers, texts, lists, tuples and tensors can"),
    };

    /// <summary>Reads a value of a type.</summary>
    /// <exception cref="CallValueException">It is of another.</exception>
    public static object? Read(JsonNode? json, Type type)
    {
        try
        {
            return Parse(json, type);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw new CallValueException($"the value is no {type.Name}");
        }
    }

    private static object? Parse(JsonNode? json, Type type)
    {
        if (json is null)
        {
            return type.IsValueType && Nullable.GetUnderlyingType(type) is null ? throw new CallValueException($"null, wanted a value of type {type.Name}") : null;
        }
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(Tensor))
        {
            return ReadTensor(json.AsObject());
        }
        if (typeof(ISymmetricOperator).IsAssignableFrom(type))
        {
            using Tensor dense = ReadTensor(json.AsObject());
            return new DenseAffinity(dense);
        }
        if (type == typeof(string))
        {
            return json.GetValue<string>();
        }
        if (type == typeof(bool))
        {
            return json.GetValue<bool>();
        }
        if (type == typeof(double) || type == typeof(float))
        {
            double number = json.GetValueKind() == System.Text.Json.JsonValueKind.String
                ? double.Parse(json.GetValue<string>(), CultureInfo.InvariantCulture) : json.GetValue<double>();
            return type == typeof(float) ? (float)number : number;
        }
        if (type.IsPrimitive)
        {
            return Convert.ChangeType(json.GetValue<long>(), type, CultureInfo.InvariantCulture);
        }
        if (type.IsArray && type.GetArrayRank() == 2)
        {
            (int rows, int columns) = (json["rows"]!.GetValue<int>(), json["columns"]!.GetValue<int>());
            JsonArray items = json["items"]!.AsArray();
            Array grid = (long)rows * columns == items.Count ? Array.CreateInstance(type.GetElementType()!, rows, columns)
                : throw new CallValueException($"{items.Count} entries for {rows} × {columns}");
            for (int i = 0; i < items.Count; i++)
            {
                grid.SetValue(Parse(items[i], type.GetElementType()!), i / columns, i % columns);
            }
            return grid;
        }
        if (type.IsAssignableTo(typeof(ITuple)))
        {
            Type[] parts = type.GetGenericArguments();
            JsonArray items = json.AsArray();
            return items.Count == parts.Length ? Activator.CreateInstance(type, [.. items.Select((item, i) => Parse(item, parts[i]))])
                : throw new CallValueException($"{items.Count} values, wanted {parts.Length}");
        }
        return ReadList(json.AsArray(), type);
    }

    private static object ReadList(JsonArray items, Type type)
    {
        Type? element = type.IsArray ? type.GetElementType()
            : type.IsGenericType ? type.GetGenericArguments().SingleOrDefault() : null;
        if (element is null)
        {
            throw new CallValueException($"a value of type {type.Name} cannot be passed on; numbers, texts, lists, tuples and tensors can");
        }
        Array list = Array.CreateInstance(element, items.Count);
        for (int i = 0; i < items.Count; i++)
        {
            list.SetValue(Parse(items[i], element), i);
        }
        return type.IsAssignableFrom(list.GetType()) ? list
            : typeof(List<>).MakeGenericType(element) is { } generic && type.IsAssignableFrom(generic) ? Activator.CreateInstance(generic, list)!
            : throw new CallValueException($"a list of type {type.Name} cannot be passed on; arrays and List<T> can");
    }

    private static JsonObject Write(Tensor tensor)
    {
        using Tensor plain = tensor.detach().cpu().contiguous();
        return new JsonObject
        {
            ["dtype"] = plain.dtype.ToString(),
            ["shape"] = new JsonArray([.. plain.shape.Select(length => JsonValue.Create(length))]),
            ["data"] = Convert.ToBase64String(plain.bytes),
        };
    }

    private static Tensor ReadTensor(JsonObject json)
    {
        ScalarType dtype = Enum.Parse<ScalarType>(json["dtype"]!.GetValue<string>());
        long[] shape = [.. json["shape"]!.AsArray().Select(length => length!.GetValue<long>())];
        byte[] data = Convert.FromBase64String(json["data"]!.GetValue<string>());
        double bytes = shape.Aggregate((double)dtype.ElementSize(), (product, length) => length >= 0 ? product * length : double.NaN);
        if (!(bytes <= MostBytes) || data.Length != (long)bytes)
        {
            throw new CallValueException($"a tensor of shape {Check.Words(shape)} and type {dtype} does not have {data.Length} bytes");
        }
        Tensor tensor = empty(shape, dtype: dtype);
        if (data.Length > 0)
        {
            tensor.bytes = data;
        }
        return tensor;
    }

    // Column by column, as an operator only multiplies.
    private static Tensor Dense(ISymmetricOperator affinity)
    {
        double[] entries = new double[affinity.Size * affinity.Size], unit = new double[affinity.Size], column = new double[affinity.Size];
        for (int j = 0; j < affinity.Size; j++)
        {
            unit[j] = 1;
            affinity.Apply(unit, column);
            unit[j] = 0;
            column.CopyTo(entries, j * affinity.Size);
        }
        return tensor(entries, dtype: ScalarType.Float64).reshape(affinity.Size, affinity.Size);
    }
}

/// <summary>Thrown when a value cannot travel between processes.</summary>
/// <param name="message">Why, without a full stop.</param>
internal sealed class CallValueException(string message) : Exception(message);
