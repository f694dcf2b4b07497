import { EXAMPLE_PROMPTS } from '@saas-codex/contracts/example-prompts';
import { COUNTDOWN_RECIPE } from './countdown.js';
import { PROJECT_RECIPE } from './project.js';
import { RENAME_PHOTOS_RECIPE } from './rename-photos.js';
import type { Recipe } from './recipe.js';

const RECIPES = new Map<string, Recipe>([
  [EXAMPLE_PROMPTS.command, RENAME_PHOTOS_RECIPE],
  [EXAMPLE_PROMPTS.page, COUNTDOWN_RECIPE],
  [EXAMPLE_PROMPTS.project, PROJECT_RECIPE],
]);

export const recipeFor = (prompt: string): Recipe | undefined => RECIPES.get(prompt.trim());
