import type { Target } from "./target";
import { PROJECT_FOLDER, PROJECT_NAME } from "../../shared/project";
import type { EvaluationRequest } from "../program/evaluate";
import { readStackConfig } from "../program/projectConfig";

/** How the program is run for a target. @throws UserError where the stack's config cannot be read, or is not complete */
export function requestFor({ stack, named, cluster }: Target): EvaluationRequest {
    const config = readStackConfig(stack, named ? cluster : undefined);
    return { folder: PROJECT_FOLDER, project: PROJECT_NAME, stack, config };
}
