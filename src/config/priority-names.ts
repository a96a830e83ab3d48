/** Priority classes, from the least to the most urgent. */
export const PRIORITIES = ['sheddable', 'sheddable-plus', 'critical', 'critical-plus'] as const;
