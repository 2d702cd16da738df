"""Small functions and how people ask for them: the table behind the TypeScript requests.

Each operation is (name, phrases, parameters, result type, expression).  {0}, {1} ... stand for the
parameters, {f} for the function itself, {n} and {m} for numbers (n < m) and {s} for a word that the
request states.  A phrase is a verb group: "A function NAME that {phrase}".
"""

NUMBER, TEXT, NUMBERS, TEXTS = "number", "string", "number[]", "string[]"
ONE = [("value", NUMBER)]
TWO = [("a", NUMBER), ("b", NUMBER)]
STRING = [("text", TEXT)]
LIST = [("values", NUMBERS)]
WORDS = [("values", TEXTS)]


def both(what):
    """The ways to ask for a value."""
    return [f"returns the {what}", f"returns the {what}", f"computes the {what}", f"calculates the {what}"]


def whether(what):
    return [f"checks whether {what}", f"returns whether {what}", f"tells whether {what}", f"checks if {what}"]


def those(what):
    """The ways to ask for some numbers or words of an array."""
    return [f"filters the {what} of an array", f"returns the {what} of an array", f"keeps the {what} of an array", f"returns only the {what} of an array"]


def every(verb, what):
    return [f"{verb} every {what} of an array", f"{verb} each {what} in an array", f"{verb} all {what}s of an array"]


OPERATIONS = [
    # One or two numbers.
    ("add", both("sum of two numbers") + ["takes two numbers and returns their sum", "adds two numbers"], TWO, NUMBER, "{0} + {1}"),
    ("subtract", both("difference of two numbers") + ["takes two numbers and returns their difference", "subtracts the second number from the first"],
     TWO, NUMBER, "{0} - {1}"),
    ("multiply", both("product of two numbers") + ["takes two numbers and returns their product", "multiplies two numbers"], TWO, NUMBER, "{0} * {1}"),
    ("divide", both("quotient of two numbers") + ["divides the first number by the second", "divides two numbers"], TWO, NUMBER, "{0} / {1}"),
    ("remainder", both("remainder of two numbers"), TWO, NUMBER, "{0} % {1}"),
    ("power", ["raises a number to a power"] + both("power of a number"), [("base", NUMBER), ("exponent", NUMBER)], NUMBER, "{0} ** {1}"),
    ("max", both("larger of two numbers") + both("maximum of two numbers"), TWO, NUMBER, "Math.max({0}, {1})"),
    ("min", both("smaller of two numbers") + both("minimum of two numbers"), TWO, NUMBER, "Math.min({0}, {1})"),
    ("middle", both("average of two numbers") + both("mean of two numbers"), TWO, NUMBER, "({0} + {1}) / 2"),
    ("addThree", both("sum of three numbers") + ["adds three numbers"], TWO + [("c", NUMBER)], NUMBER, "{0} + {1} + {2}"),
    ("square", both("square of a number") + ["takes a number and returns its square", "squares a number"], ONE, NUMBER, "{0} * {0}"),
    ("cube", both("cube of a number") + ["cubes a number"], ONE, NUMBER, "{0} ** 3"),
    ("double", both("double of a number") + ["doubles a number"], ONE, NUMBER, "{0} * 2"),
    ("triple", ["triples a number"], ONE, NUMBER, "{0} * 3"),
    ("halve", both("half of a number") + ["halves a number"], ONE, NUMBER, "{0} / 2"),
    ("negate", ["negates a number"], ONE, NUMBER, "-{0}"),
    ("absolute", both("absolute value of a number"), ONE, NUMBER, "Math.abs({0})"),
    ("squareRoot", both("square root of a number"), ONE, NUMBER, "Math.sqrt({0})"),
    ("round", ["rounds a number"], ONE, NUMBER, "Math.round({0})"),
    ("roundDown", ["rounds a number down"], ONE, NUMBER, "Math.floor({0})"),
    ("roundUp", ["rounds a number up"], ONE, NUMBER, "Math.ceil({0})"),
    ("increase", ["adds {n} to a number", "increases a number by {n}"], ONE, NUMBER, "{0} + {n}"),
    ("decrease", ["subtracts {n} from a number", "decreases a number by {n}"], ONE, NUMBER, "{0} - {n}"),
    ("scale", ["multiplies a number by {n}"], ONE, NUMBER, "{0} * {n}"),
    ("share", ["divides a number by {n}"], ONE, NUMBER, "{0} / {n}"),
    ("clamp", ["limits a number to a range", "clamps a number between a minimum and a maximum"], ONE + [("min", NUMBER), ("max", NUMBER)], NUMBER,
     "Math.min(Math.max({0}, {1}), {2})"),
    ("factorial", both("factorial of a number"), [("n", NUMBER)], NUMBER, "{0} <= 1 ? 1 : {0} * {f}({0} - 1)"),
    ("fibonacci", both("nth Fibonacci number"), [("n", NUMBER)], NUMBER, "{0} < 2 ? {0} : {f}({0} - 1) + {f}({0} - 2)"),
    ("toCelsius", ["converts Fahrenheit to Celsius"], [("fahrenheit", NUMBER)], NUMBER, "(({0} - 32) * 5) / 9"),
    ("toFahrenheit", ["converts Celsius to Fahrenheit"], [("celsius", NUMBER)], NUMBER, "({0} * 9) / 5 + 32"),
    ("circleArea", both("area of a circle"), [("radius", NUMBER)], NUMBER, "Math.PI * {0} ** 2"),
    ("rectangleArea", both("area of a rectangle"), [("width", NUMBER), ("height", NUMBER)], NUMBER, "{0} * {1}"),
    ("perimeter", both("perimeter of a rectangle"), [("width", NUMBER), ("height", NUMBER)], NUMBER, "2 * ({0} + {1})"),
    ("isEven", whether("a number is even"), ONE, "boolean", "{0} % 2 === 0"),
    ("isOdd", whether("a number is odd"), ONE, "boolean", "{0} % 2 !== 0"),
    ("isPositive", whether("a number is positive"), ONE, "boolean", "{0} > 0"),
    ("isNegative", whether("a number is negative"), ONE, "boolean", "{0} < 0"),
    ("isZero", whether("a number is zero"), ONE, "boolean", "{0} === 0"),
    ("isDivisible", whether("the first number is divisible by the second"), TWO, "boolean", "{0} % {1} === 0"),
    ("isMultiple", whether("a number is divisible by {n}") + whether("a number is a multiple of {n}"), ONE, "boolean", "{0} % {n} === 0"),
    ("isGreater", whether("a number is greater than {n}") + whether("a number is above {n}"), ONE, "boolean", "{0} > {n}"),
    ("isLess", whether("a number is less than {n}") + whether("a number is below {n}"), ONE, "boolean", "{0} < {n}"),
    ("isBetween", whether("a number is between {n} and {m}"), ONE, "boolean", "{0} >= {n} && {0} <= {m}"),
    ("sign", ["returns 1 for positive numbers and -1 for others"], ONE, NUMBER, "{0} > 0 ? 1 : -1"),
    # Strings.
    ("textLength", both("length of a string") + ["takes a string and returns its length"], STRING, NUMBER, "{0}.length"),
    ("toUpper", ["converts a string to upper case", "returns a string in upper case", "returns a string in uppercase",
                 "takes a string and returns it in upper case"], STRING, TEXT, "{0}.toUpperCase()"),
    ("toLower", ["converts a string to lower case", "returns a string in lower case", "returns a string in lowercase"], STRING, TEXT, "{0}.toLowerCase()"),
    ("trim", ["trims a string", "removes the spaces around a string"], STRING, TEXT, "{0}.trim()"),
    ("reverse", ["reverses a string", "returns a string reversed"], STRING, TEXT, '{0}.split("").reverse().join("")'),
    ("firstLetter", both("first character of a string"), STRING, TEXT, "{0}.charAt(0)"),
    ("lastLetter", both("last character of a string"), STRING, TEXT, "{0}.charAt({0}.length - 1)"),
    ("capitalize", ["capitalizes a string", "makes the first letter of a string upper case"], STRING, TEXT, "{0}.charAt(0).toUpperCase() + {0}.slice(1)"),
    ("isEmpty", whether("a string is empty"), STRING, "boolean", "{0}.length === 0"),
    ("isPalindrome", whether("a string is a palindrome"), STRING, "boolean", '{0} === {0}.split("").reverse().join("")'),
    ("isLonger", whether("a string is longer than {n} characters"), STRING, "boolean", "{0}.length > {n}"),
    ("contains", whether("a string contains another"), [("text", TEXT), ("part", TEXT)], "boolean", "{0}.includes({1})"),
    ("mentions", whether('a string contains "{s}"') + whether("a string contains {s}"), STRING, "boolean", '{0}.includes("{s}")'),
    ("startsWith", whether('a string starts with "{s}"') + whether("a string starts with {s}"), STRING, "boolean", '{0}.startsWith("{s}")'),
    ("endsWith", whether('a string ends with "{s}"') + whether("a string ends with {s}"), STRING, "boolean", '{0}.endsWith("{s}")'),
    ("repeat", ["repeats a string a number of times"], [("text", TEXT), ("count", NUMBER)], TEXT, "{0}.repeat({1})"),
    ("repeatText", ["repeats a string {n} times"], STRING, TEXT, "{0}.repeat({n})"),
    ("concat", ["joins two strings", "concatenates two strings"], [("a", TEXT), ("b", TEXT)], TEXT, "{0} + {1}"),
    ("words", ["splits a string into words", "returns the words of a string"], STRING, TEXTS, '{0}.split(" ")'),
    ("lines", ["splits a string into lines", "returns the lines of a string"], STRING, TEXTS, '{0}.split("\\n")'),
    ("countWords", ["counts the words of a string"] + both("number of words of a string"), STRING, NUMBER, '{0}.split(" ").length'),
    ("greet", ["returns a greeting for a name", "greets a person by name"], [("name", TEXT)], TEXT, "`Hello, ${{{0}}}!`"),
    ("prefix", ['puts "{s}" before a string', "puts {s} before a string"], STRING, TEXT, '"{s}" + {0}'),
    ("append", ['appends "{s}" to a string', "appends {s} to a string"], STRING, TEXT, '{0} + "{s}"'),
    ("toNumber", ["converts a string to a number", "parses a number from a string"], STRING, NUMBER, "Number({0})"),
    ("toText", ["converts a number to a string"], ONE, TEXT, "String({0})"),
    ("logValue", ["logs a number"], ONE, "void", "console.log({0})"),
    ("logText", ["logs a string", "prints a string"], STRING, "void", "console.log({0})"),
    # Arrays.
    ("sum", both("sum of an array of numbers") + ["takes an array of numbers and returns their sum", "sums an array of numbers",
                                                  "adds up the numbers of an array"], LIST, NUMBER, "{0}.reduce((total, value) => total + value, 0)"),
    ("product", both("product of an array of numbers"), LIST, NUMBER, "{0}.reduce((total, value) => total * value, 1)"),
    ("average", both("average of an array of numbers") + ["takes an array of numbers and returns their average"] + both("mean of an array of numbers"), LIST, NUMBER,
     "{0}.reduce((total, value) => total + value, 0) / {0}.length"),
    ("largest", both("largest number of an array") + both("maximum of an array of numbers"), LIST, NUMBER, "Math.max(...{0})"),
    ("smallest", both("smallest number of an array") + both("minimum of an array of numbers"), LIST, NUMBER, "Math.min(...{0})"),
    ("count", both("length of an array of numbers") + ["counts the numbers of an array"], LIST, NUMBER, "{0}.length"),
    ("first", both("first element of an array of numbers") + both("first number of an array"), LIST, NUMBER, "{0}[0]"),
    ("last", both("last element of an array of numbers") + both("last number of an array"), LIST, NUMBER, "{0}[{0}.length - 1]"),
    ("take", ["returns the first {n} numbers of an array", "takes the first {n} numbers of an array"], LIST, NUMBERS, "{0}.slice(0, {n})"),
    ("drop", ["skips the first {n} numbers of an array", "removes the first {n} numbers of an array"], LIST, NUMBERS, "{0}.slice({n})"),
    ("filterEven", those("even numbers"), LIST, NUMBERS, "{0}.filter((value) => value % 2 === 0)"),
    ("filterOdd", those("odd numbers"), LIST, NUMBERS, "{0}.filter((value) => value % 2 !== 0)"),
    ("filterPositive", those("positive numbers"), LIST, NUMBERS, "{0}.filter((value) => value > 0)"),
    ("filterNegative", those("negative numbers"), LIST, NUMBERS, "{0}.filter((value) => value < 0)"),
    ("filterGreater", [p + " that are greater than {n}" for p in those("numbers")] + ["returns the numbers of an array above {n}"], LIST, NUMBERS,
     "{0}.filter((value) => value > {n})"),
    ("filterLess", [p + " that are less than {n}" for p in those("numbers")] + ["returns the numbers of an array below {n}"], LIST, NUMBERS,
     "{0}.filter((value) => value < {n})"),
    ("filterBetween", [p + " between {n} and {m}" for p in those("numbers")], LIST, NUMBERS, "{0}.filter((value) => value >= {n} && value <= {m})"),
    ("filterLong", [p + " longer than {n} characters" for p in those("strings")], WORDS, TEXTS, "{0}.filter((value) => value.length > {n})"),
    ("filterStart", [p + " that start with {s}" for p in those("strings")], WORDS, TEXTS, '{0}.filter((value) => value.startsWith("{s}"))'),
    ("filterContaining", [p + " that contain {s}" for p in those("strings")], WORDS, TEXTS, '{0}.filter((value) => value.includes("{s}"))'),
    ("doubleAll", every("doubles", "number"), LIST, NUMBERS, "{0}.map((value) => value * 2)"),
    ("squareAll", every("squares", "number"), LIST, NUMBERS, "{0}.map((value) => value * value)"),
    ("negateAll", every("negates", "number"), LIST, NUMBERS, "{0}.map((value) => -value)"),
    ("increaseAll", ["adds {n} to every number of an array", "adds {n} to each number in an array"], LIST, NUMBERS, "{0}.map((value) => value + {n})"),
    ("scaleAll", ["multiplies every number of an array by {n}", "multiplies each number in an array by {n}"], LIST, NUMBERS, "{0}.map((value) => value * {n})"),
    ("upperAll", [p + " to upper case" for p in every("converts", "string")], WORDS, TEXTS, "{0}.map((value) => value.toUpperCase())"),
    ("trimAll", every("trims", "string"), WORDS, TEXTS, "{0}.map((value) => value.trim())"),
    ("lengths", ["returns the lengths of the strings of an array", "returns the length of each string in an array"], WORDS, NUMBERS, "{0}.map((value) => value.length)"),
    ("sortNumbers", ["sorts an array of numbers", "sorts an array of numbers in ascending order"], LIST, NUMBERS, "[...{0}].sort((a, b) => a - b)"),
    ("sortDescending", ["sorts an array of numbers in descending order"], LIST, NUMBERS, "[...{0}].sort((a, b) => b - a)"),
    ("sortStrings", ["sorts an array of strings"], WORDS, TEXTS, "[...{0}].sort()"),
    ("reverseArray", ["reverses an array of numbers"], LIST, NUMBERS, "[...{0}].reverse()"),
    ("unique", ["removes the duplicates of an array of numbers", "returns the distinct numbers of an array"], LIST, NUMBERS, "[...new Set({0})]"),
    ("includesNumber", whether("an array contains a number"), LIST + [("target", NUMBER)], "boolean", "{0}.includes({1})"),
    ("includesString", whether("an array contains a string"), WORDS + [("target", TEXT)], "boolean", "{0}.includes({1})"),
    ("joinWords", ["joins an array of strings with commas"], WORDS, TEXT, '{0}.join(", ")'),
    ("joinSpaces", ["joins an array of strings with spaces"], WORDS, TEXT, '{0}.join(" ")'),
    ("countGreater", ["counts the numbers of an array greater than {n}", "counts the numbers above {n} in an array"], LIST, NUMBER,
     "{0}.filter((value) => value > {n}).length"),
    ("countEven", ["counts the even numbers of an array"], LIST, NUMBER, "{0}.filter((value) => value % 2 === 0).length"),
    ("allPositive", whether("all numbers of an array are positive"), LIST, "boolean", "{0}.every((value) => value > 0)"),
    ("anyNegative", whether("any number of an array is negative"), LIST, "boolean", "{0}.some((value) => value < 0)"),
    ("merge", ["merges two arrays of numbers", "concatenates two arrays of numbers"], [("a", NUMBERS), ("b", NUMBERS)], NUMBERS, "[...{0}, ...{1}]"),
    ("range", ["returns an array of the numbers from 0 up to a count", "returns the first numbers from 0 as an array"], [("count", NUMBER)], NUMBERS,
     "Array.from({{ length: {0} }}, (_, index) => index)"),
]

# Functions over any element type; the request says "generic".
GENERIC = [
    ("first", both("first element of an array"), "T[]", "T", "{0}[0]"),
    ("last", both("last element of an array"), "T[]", "T", "{0}[{0}.length - 1]"),
    ("reverseArray", ["reverses an array"], "T[]", "T[]", "[...{0}].reverse()"),
    ("count", ["counts the elements of an array"] + both("length of an array"), "T[]", "number", "{0}.length"),
    ("unique", ["removes the duplicates of an array"], "T[]", "T[]", "[...new Set({0})]"),
    ("identity", ["returns its argument"], "T", "T", "{0}"),
    ("toArray", ["puts a value into an array"], "T", "T[]", "[{0}]"),
]
