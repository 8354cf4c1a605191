import type { Target } from "../deployment/target";
import { PROJECT_FOLDER, PROJECT_NAME } from "../project";
import type { EvaluationRequest } from "./evaluate";
import { readStackConfig } from "./projectConfig";

/** How the program is run for a target. @throws Fault where the stack's config cannot be read, or is not complete */
export function requestFor({ stack, named, cluster }: Target): EvaluationRequest {
    const config = readStackConfig(stack, named ? cluster : undefined);
    return { folder: PROJECT_FOLDER, project: PROJECT_NAME, stack, config };
}
