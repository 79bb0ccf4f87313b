/** The page's language: one set of words per language, complete by type check. */

import { computed, effect, signal } from "@preact/signals";
import { en, type Words } from "./en.ts";
import { ja } from "./ja.ts";
import { ko } from "./ko.ts";

export const LANGUAGES = { en, ko, ja } as const satisfies Record<string, Words>;
export type Language = keyof typeof LANGUAGES;

const STORED = "beaconfire.language";

function first(): Language {
  const wanted = [new URLSearchParams(location.search).get("lang"), localStorage.getItem(STORED), navigator.language.slice(0, 2)];
  return wanted.find(isLanguage) ?? "en";
}

export function isLanguage(text: string | null | undefined): text is Language {
  return text === "en" || text === "ko" || text === "ja";
}

export const language = signal<Language>(first());
export const words = computed<Words>(() => LANGUAGES[language.value]);

/** `lang` and with it the fonts follow the language; the choice is kept for the next visit. */
export function followLanguage(): void {
  effect(() => {
    document.documentElement.lang = language.value;
    localStorage.setItem(STORED, language.value);
  });
}
