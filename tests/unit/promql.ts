import { parser } from "@prometheus-io/lezer-promql";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

/** An exported metric. The name of a histogram is without `_bucket`, `_sum` and `_count`. */
export interface Metric {
    type: "counter" | "gauge" | "histogram";
    labels: readonly string[];
}

export type Catalogue = Readonly<Record<string, Metric>>;

export interface CheckedQuery {
    /** What is wrong with the query; empty if it is valid. */
    errors: string[];
    /** The metrics that it reads, by their names in the query. */
    metrics: string[];
    /** The labels that it compares, groups by or matches on. */
    labels: string[];
    /** The labels of every series in its result. */
    resultLabels: string[];
}

/**
 * Checks a PromQL query strictly: its syntax by Prometheus' own grammar, the types of arguments, that metrics and their
 * labels are in the catalogue, that grouping keeps the labels that are used afterwards (`le` for `histogram_quantile`), that
 * both sides of an operator can match, and that counters, but not gauges, are used by their rate.
 */
export function checkQuery(query: string, catalogue: Catalogue): CheckedQuery {
    const errors = syntaxErrors(query);
    const checker = new Checker(query, catalogue);
    if (errors.length > 0) {
        return { errors, metrics: [], labels: [], resultLabels: [] };
    }
    const result = checker.check();
    return {
        errors: checker.errors,
        metrics: [...checker.metrics],
        labels: [...checker.labels],
        resultLabels: [...result.labels],
    };
}

export interface Interpolated {
    text: string;
    /** Names of the variables in the text. */
    variables: string[];
}

/** Replaces Grafana's variables: intervals by a duration, others by a word. `$1` belongs to regular expressions. */
export function interpolate(text: string): Interpolated {
    const variables: string[] = [];
    const replaced = text.replace(
        /\$(?:\{(?<braced>[A-Za-z_]\w*)(?::\w+)?\}|(?<plain>[A-Za-z_]\w*))/g,
        (_, braced: string | undefined, plain: string | undefined) => {
            const name = braced ?? plain ?? "";
            variables.push(name);
            return GRAFANA_DURATIONS[name] ?? "x";
        },
    );
    return { text: replaced, variables };
}

const GRAFANA_DURATIONS: Record<string, string> = {
    __interval: "15s",
    __rate_interval: "1m",
    __range: "30m",
};

function syntaxErrors(query: string): string[] {
    const errors: string[] = [];
    parser.parse(query).iterate({
        enter: ({ name, type, from, to }) => {
            const text = query.slice(from, to);
            if (type.isError) {
                errors.push(`syntax error at ${from}: ${JSON.stringify(query.slice(from, from + 20))}`);
            } else if (name === "StringLiteral" && (text.length < 2 || text.at(0) !== text.at(-1))) {
                errors.push(`string without an end: ${text}`);
            }
        },
    });
    return errors;
}

type Type = "scalar" | "string" | "vector" | "matrix";

/** The result of an expression. */
interface Value {
    type: Type;
    /** Labels of each of its series. */
    labels: ReadonlySet<string>;
    /** Types of the metrics whose unchanged values it has. */
    raw: ReadonlySet<Metric["type"] | "bucket">;
}

interface FunctionType {
    parameters: Type[];
    result: Type;
    /** The required type of a parameter's metrics. */
    needs?: "counter" | "gauge";
}

const RATE: FunctionType = { parameters: ["matrix"], result: "vector", needs: "counter" };
const CHANGE: FunctionType = { parameters: ["matrix"], result: "vector", needs: "gauge" };
const OVER_TIME: FunctionType = { parameters: ["matrix"], result: "vector" };
const MATHS: FunctionType = { parameters: ["vector"], result: "vector" };
const BOUND: FunctionType = { parameters: ["vector", "scalar"], result: "vector" };

/** The functions in this project's queries, and similar ones. */
const FUNCTIONS: Record<string, FunctionType> = {
    abs: MATHS,
    absent: MATHS,
    avg_over_time: OVER_TIME,
    ceil: MATHS,
    clamp_max: BOUND,
    clamp_min: BOUND,
    delta: CHANGE,
    deriv: CHANGE,
    floor: MATHS,
    histogram_quantile: { parameters: ["scalar", "vector"], result: "vector" },
    increase: RATE,
    irate: RATE,
    label_replace: { parameters: ["vector", "string", "string", "string", "string"], result: "vector" },
    last_over_time: OVER_TIME,
    max_over_time: OVER_TIME,
    min_over_time: OVER_TIME,
    rate: RATE,
    round: MATHS,
    scalar: { parameters: ["vector"], result: "scalar" },
    sort: MATHS,
    sort_desc: MATHS,
    sum_over_time: OVER_TIME,
    time: { parameters: [], result: "scalar" },
    vector: { parameters: ["scalar"], result: "vector" },
};

/** Aggregations with a number as first parameter. */
const WITH_PARAMETER = new Set(["bottomk", "limitk", "quantile", "topk"]);
/** Aggregations that ignore the values of series. */
const OF_EXISTENCE = new Set(["count", "group"]);
/** Aggregations that select series, and keep their labels. */
const CHOOSING = new Set(["bottomk", "limitk", "topk"]);

const NONE: ReadonlySet<never> = new Set();
const SCALAR: Value = { type: "scalar", labels: NONE, raw: NONE };

class Checker {
    readonly errors: string[] = [];
    readonly metrics = new Set<string>();
    readonly labels = new Set<string>();

    constructor(
        private readonly query: string,
        private readonly catalogue: Catalogue,
    ) {}

    check(): Value {
        const value = this.evaluate(this.children(parser.parse(this.query).topNode)[0]);
        if (value.type === "matrix" || value.type === "string") {
            this.errors.push(`the whole is a ${value.type}: neither a graph nor a table`);
        }
        if (value.raw.has("counter") || value.raw.has("bucket")) {
            this.errors.push("the value of a counter says nothing: use its rate or increase");
        }
        return value;
    }

    private evaluate(node: SyntaxNode | undefined): Value {
        switch (node?.name) {
            case "NumberDurationLiteral":
                return SCALAR;
            case "StringLiteral":
                return { type: "string", labels: NONE, raw: NONE };
            case "ParenExpr":
            case "UnaryExpr":
            case "OffsetExpr":
            case "StepInvariantExpr":
                return this.evaluate(this.children(node).find(({ name }) => name !== "UnaryOp"));
            case "VectorSelector":
                return this.selector(node);
            case "MatrixSelector":
                // Prometheus' parser is stricter than its grammar for editors.
                if (node.firstChild?.name !== "VectorSelector") {
                    this.errors.push(`a range is of series, not of an expression: ${this.text(node)}`);
                }
                return { ...this.expect("vector", this.children(node)[0]), type: "matrix" };
            case "SubqueryExpr":
                return { ...this.expect("vector", this.children(node)[0]), type: "matrix" };
            case "FunctionCall":
                return this.call(node);
            case "AggregateExpr":
                return this.aggregate(node);
            case "BinaryExpr":
                return this.binary(node);
            default:
                this.errors.push(`this checker does not know ${node?.name ?? "an empty query"}`);
                return SCALAR;
        }
    }

    private expect(type: Type, node: SyntaxNode | undefined): Value {
        const value = this.evaluate(node);
        if (value.type !== type) {
            this.errors.push(`${this.text(node)} is a ${value.type}, where a ${type} belongs`);
        }
        return value;
    }

    private selector(node: SyntaxNode): Value {
        const identifier = node.getChild("Identifier");
        const matchers = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
        const matched = matchers.map((matcher) => ({
            label: this.text(matcher.getChild("LabelName")),
            operator: this.text(matcher.getChild("MatchOp")),
            value: this.text(matcher.getChild("StringLiteral")).slice(1, -1),
        }));
        for (const { operator, value } of matched) {
            if (operator.endsWith("~") && !isRegularExpression(value)) {
                this.errors.push(`not a regular expression: ${value}`);
            }
        }
        const names = identifier
            ? [this.text(identifier)]
            : matched.filter(({ label }) => label === "__name__").flatMap(({ value }) => value.split("|"));
        if (names.length === 0) {
            this.errors.push(`${this.text(node)} selects series of any metric`);
        }
        const metrics = names.map((name) => this.metric(name));
        const labels = metrics.map((metric) => metric.labels).reduce(intersection, metrics[0]?.labels ?? NONE);
        const used = matched.map(({ label }) => label).filter((label) => label !== "__name__");
        this.use(used, labels, names.join(" and "));
        return { type: "vector", labels, raw: new Set(metrics.map(({ type }) => type)) };
    }

    private metric(name: string): { type: Metric["type"] | "bucket"; labels: ReadonlySet<string> } {
        this.metrics.add(name);
        const plain = this.catalogue[name];
        if (plain && plain.type !== "histogram") {
            return { type: plain.type, labels: new Set(plain.labels) };
        }
        const [, base = "", suffix = ""] = /^(.*)_(bucket|sum|count)$/.exec(name) ?? [];
        const histogram = this.catalogue[base];
        if (histogram?.type === "histogram") {
            return suffix === "bucket"
                ? { type: "bucket", labels: new Set([...histogram.labels, "le"]) }
                : { type: "counter", labels: new Set(histogram.labels) };
        }
        this.errors.push(plain ? `${name} is a histogram: read its _bucket, _sum or _count` : `no metric ${name}`);
        return { type: "gauge", labels: NONE };
    }

    private call(node: SyntaxNode): Value {
        const name = this.text(node.getChild("FunctionIdentifier"));
        const args = this.children(node.getChild("FunctionCallBody"));
        const type = FUNCTIONS[name];
        if (!type) {
            this.errors.push(`this checker does not know ${name}()`);
            return SCALAR;
        }
        if (args.length !== type.parameters.length) {
            this.errors.push(`${name}() takes ${type.parameters.length} arguments, not ${args.length}`);
        }
        const values = type.parameters.map((parameter, i) => this.expect(parameter, args[i]));
        const series = values.find((value) => value.type === "vector" || value.type === "matrix") ?? SCALAR;
        const ofGauges = series.raw.has("gauge");
        if (type.needs && ofGauges === (type.needs === "counter")) {
            this.errors.push(`${name}() is for a ${type.needs}: ${this.text(node)}`);
        }
        const result: Value = { type: type.result, labels: series.labels, raw: series.raw };
        switch (name) {
            case "histogram_quantile":
                if (!series.labels.has("le")) {
                    this.errors.push(`no label le is left for ${this.text(node)}`);
                }
                return { ...result, labels: without(series.labels, ["le"]) };
            case "label_replace":
                this.use([this.text(args[3]).slice(1, -1)], series.labels, this.text(args[0]));
                return { ...result, labels: new Set([...series.labels, this.text(args[1]).slice(1, -1)]) };
            case "absent":
            case "scalar":
            case "vector":
                return { ...result, labels: NONE, raw: NONE };
            default:
                return type.needs === "counter" ? { ...result, raw: NONE } : result;
        }
    }

    private aggregate(node: SyntaxNode): Value {
        const operator = this.text(node.getChild("AggregateOp"));
        const args = this.children(node.getChild("FunctionCallBody"));
        if (WITH_PARAMETER.has(operator)) {
            this.expect("scalar", args.shift());
        }
        if (args.length !== 1) {
            this.errors.push(`${operator}() takes one expression, not ${args.length}`);
        }
        const operand = this.expect("vector", args[0]);
        const modifier = node.getChild("AggregateModifier");
        const by = modifier?.getChild("By") ?? undefined;
        const grouping = this.labelNames(modifier?.getChild("GroupingLabels"));
        this.use(grouping, operand.labels, this.text(args[0]));
        const grouped = by || !modifier ? new Set(grouping) : without(operand.labels, grouping);
        return {
            type: "vector",
            labels: CHOOSING.has(operator) ? operand.labels : grouped,
            raw: OF_EXISTENCE.has(operator) ? NONE : operand.raw,
        };
    }

    private binary(node: SyntaxNode): Value {
        const [leftNode, operator, ...rest] = this.children(node);
        const left = this.evaluate(leftNode);
        const right = this.evaluate(rest.at(-1));
        const isSet = ["And", "Or", "Unless"].includes(operator?.name ?? "");
        for (const value of [left, right]) {
            if (value.type !== "vector" && (isSet || value.type !== "scalar")) {
                this.errors.push(`${this.text(operator)} does not go with a ${value.type}: ${this.text(node)}`);
            }
        }
        if (left.type !== "vector" || right.type !== "vector") {
            return left.type === "vector" ? left : right;
        }
        const matching = rest.find(({ name }) => name === "MatchingModifierClause");
        if (matching) {
            const names = this.labelNames(matching.getChild("GroupingLabels"));
            this.use(names, left.labels, this.text(leftNode));
            this.use(names, right.labels, this.text(rest.at(-1)));
        } else if (operator?.name !== "Or" && !equal(left.labels, right.labels)) {
            this.errors.push(
                `no series match: ${this.text(leftNode)} has ${list(left.labels)}, ${this.text(rest.at(-1))} has ${list(right.labels)}`,
            );
        }
        switch (operator?.name) {
            case "And":
            case "Unless":
                return left;
            case "Or":
                return {
                    type: "vector",
                    labels: intersection(left.labels, right.labels),
                    raw: new Set([...left.raw, ...right.raw]),
                };
            default:
                return { ...left, raw: new Set([...left.raw, ...right.raw]) };
        }
    }

    private use(labels: string[], known: ReadonlySet<string>, of: string): void {
        for (const label of labels) {
            this.labels.add(label);
            if (!known.has(label)) {
                this.errors.push(`no label ${label} in ${of}`);
            }
        }
    }

    private labelNames(grouping: SyntaxNode | null | undefined): string[] {
        return grouping?.getChildren("LabelName").map((label) => this.text(label)) ?? [];
    }

    private children(node: SyntaxNode | null | undefined): SyntaxNode[] {
        const children: SyntaxNode[] = [];
        for (let child = node?.firstChild; child; child = child.nextSibling) {
            children.push(child);
        }
        return children;
    }

    private text(node: SyntaxNode | null | undefined): string {
        return node ? this.query.slice(node.from, node.to) : "";
    }
}

function isRegularExpression(text: string): boolean {
    try {
        new RegExp(text);
        return true;
    } catch {
        return false;
    }
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
    return new Set([...a].filter((label) => b.has(label)));
}

function without(labels: ReadonlySet<string>, removed: string[]): ReadonlySet<string> {
    return new Set([...labels].filter((label) => !removed.includes(label)));
}

function equal(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
    return a.size === b.size && [...a].every((label) => b.has(label));
}

function list(labels: ReadonlySet<string>): string {
    return `{${[...labels].join(", ")}}`;
}
