import { checkAccess, limitsCallers } from "./access";
import { checkBreakers, hasBreakers } from "./breakers";
import type { NamedCheck } from "./check";
import { checkEdges } from "./edges";
import { checkGateway } from "./gateway";
import { checkGrafana } from "./grafana";
import { checkHttps, hasHttps } from "./https";
import { checkKiali } from "./kiali";
import { checkKubernetes } from "./kubernetes";
import { checkMetrics } from "./metrics";
import { checkMutualTls } from "./mutualTls";
import { checkPage } from "./page";
import { checkRateLimits, hasRateLimits } from "./rateLimits";
import { checkReleases } from "./releases";
import { checkRoutes } from "./routes";
import { checkSidecars } from "./sidecars";
import { asksForTokens, checkTokens } from "./tokens";
import { checkTraces } from "./traces";

/** All checks, in the order in which the report shows them. */
export const CHECKS: readonly NamedCheck[] = [
    { name: "Kubernetes", check: checkKubernetes },
    { name: "releases", check: checkReleases },
    { name: "sidecars", check: checkSidecars },
    { name: "strict mTLS", check: checkMutualTls },
    { name: "gateway", check: checkGateway },
    { name: "HTTPS", check: checkHttps, applies: hasHttps },
    { name: "routes", check: checkRoutes },
    { name: "circuit breakers", check: checkBreakers, applies: hasBreakers },
    { name: "page", check: checkPage },
    { name: "access", check: checkAccess, applies: limitsCallers },
    { name: "tokens", check: checkTokens, applies: asksForTokens },
    { name: "rate limits", check: checkRateLimits, applies: hasRateLimits },
    { name: "traces", check: checkTraces },
    { name: "metrics", check: checkMetrics },
    { name: "servicegraph", check: checkEdges },
    { name: "Grafana", check: checkGrafana },
    { name: "Kiali", check: checkKiali },
];
